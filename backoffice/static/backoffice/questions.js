/* The editor of questions shows the fields that belong to the kind of answer chosen. */
"use strict";

const FIELDS = {
    one: ["lines"],
    several: ["lines"],
    scale: ["lowest", "highest"],
    number: ["lowest", "highest"],
    yes_no: ["best"],
};

const showFor = (select) => {
    const prefix = select.name.replace(/kind$/, "");
    const shown = FIELDS[select.value] ?? [];
    for (const name of ["lines", "lowest", "highest", "best"]) {
        const field = document.getElementsByName(prefix + name)[0];
        field?.closest(`.field-${name}`)?.toggleAttribute("hidden", !shown.includes(name));
    }
};

const showAll = () => document.querySelectorAll("select[name^=questions-][name$=-kind]").forEach(showFor);

document.addEventListener("change", (event) => {
    if (event.target.matches("select[name^=questions-][name$=-kind]")) {
        showFor(event.target);
    }
});
document.addEventListener("formset:added", showAll);
document.addEventListener("DOMContentLoaded", showAll);
