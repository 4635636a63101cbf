/* Fields of a dialog in which a row is searched for.

   Unfold's own start-up would load jQuery anew with every dialog and start the fields of the page behind it twice. */
"use strict";

document.addEventListener("htmx:afterSettle", () => {
    const $ = window.django?.jQuery;
    if (!$?.fn.select2) {
        return;
    }
    for (const field of document.querySelectorAll("#dialog select.admin-autocomplete:not(.select2-hidden-accessible)")) {
        $(field).select2({
            dropdownParent: $("#dialog"),
            ajax: {
                data: (params) => ({
                    term: params.term,
                    page: params.page,
                    app_label: field.dataset.appLabel,
                    model_name: field.dataset.modelName,
                    field_name: field.dataset.fieldName,
                }),
            },
        });
    }
});
