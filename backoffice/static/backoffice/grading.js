/* Grading by keyboard: one begins in the grade, Ctrl+Enter (Cmd+Enter) saves and goes on from any field of the form. */
"use strict";

const form = document.querySelector("form[data-grading]");

form?.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit(form.querySelector("button[name=_grade]"));
    }
});

// The attribute alone is passed over while the page is still being laid out.
window.addEventListener("load", () => {
    const grade = form?.querySelector("input[name=grade]");
    if (grade && [document.body, grade].includes(document.activeElement)) {
        grade.focus();
        grade.select();
    }
});
