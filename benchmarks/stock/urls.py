"""The lists of a plain admin, with what its documentation offers for them."""

from django.contrib.admin import AdminSite, ModelAdmin
from django.urls import path

from hr.models import Attendance, Employee


class StockEmployees(ModelAdmin):
    list_display = ("code", "full_name", "org_unit", "position", "status", "hired_on")
    list_select_related = ("org_unit", "position")
    list_filter = ("status", "country")
    search_fields = ("first_name", "last_name", "code", "work_email")
    date_hierarchy = "hired_on"
    autocomplete_fields = ("reports_to",)
    list_per_page = 50


class StockAttendance(ModelAdmin):
    list_display = ("employee", "event", "outcome", "status", "unit", "marked_at")
    list_select_related = ("employee__org_unit", "event")
    list_filter = ("status", "outcome", "event")
    search_fields = ("employee__first_name", "employee__last_name", "employee__code", "employee__work_email")
    date_hierarchy = "enrolled_at"
    autocomplete_fields = ("employee",)
    list_per_page = 50

    def unit(self, row: Attendance) -> str:
        return row.employee.org_unit.name


site = AdminSite("stock")
site.register(Employee, StockEmployees)
site.register(Attendance, StockAttendance)

urlpatterns = [path("", site.urls)]
