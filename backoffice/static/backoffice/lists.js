/* What each value of a list is, written beside it: on a phone a row is a card, and the list has no header. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const list = document.querySelector("table#result_list");
    if (!list) {
        return;
    }
    const labels = [...list.tHead.rows[0].cells].map((cell) => cell.querySelector(".text")?.textContent.trim() ?? "");
    for (const row of list.querySelectorAll("tr.data-row")) {
        for (const [place, cell] of [...row.cells].entries()) {
            cell.dataset.label = labels[place] ?? "";
            cell.toggleAttribute("data-nothing", !cell.querySelector("input") && ["", "-", "–"].includes(cell.textContent.trim()));
        }
    }
});
