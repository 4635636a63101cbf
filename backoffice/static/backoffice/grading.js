/* Grading by keyboard: Ctrl+Enter (Cmd+Enter) saves and goes on, from any field of the form. */
"use strict";

const form = document.querySelector("form[data-grading]");

form?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit(form.querySelector("button[name=_grade]"));
    }
});
