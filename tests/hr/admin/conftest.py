import pytest
from django.test import Client


class Browser(Client):
    """A test client of one user, with the few things that tests of pages do."""

    def texts(self, response):
        """The messages that the next page shows."""
        return [str(message) for message in response.wsgi_request._messages]

    def dialog(self, address, **data):
        """Send the dialog of an action."""
        return self.post(address, {"_form_submitted": "on", **data}, headers={"HX-Request": "true"})

    def form(self, address, **changes):
        """Open the form of a page and send it back with changes."""
        form = self.get(address).context["adminform"].form
        data = {bound.html_name: sent(bound) for bound in form}
        return data | changes


def sent(bound):
    """What a browser sends of a field left as it is."""
    value = bound.field.widget.format_value(bound.value())
    value = value[0] if isinstance(value, list) and value else value
    return value or ""


@pytest.fixture
def as_user():
    """`as_user(user)` is a browser in which the user is logged in."""

    def log_in(user):
        browser = Browser()
        browser.force_login(user)
        return browser

    return log_in


@pytest.fixture
def hr(as_user, hr_manager):
    return as_user(hr_manager)
