"use strict";

/* What each value of a list is, written beside it: on a phone a row is a card, and the list has no header. */
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

/* One menu for the rows of a list: it opens beside the button of a row, and is about that row. */
document.addEventListener("DOMContentLoaded", () => {
    const menu = document.getElementById("row-menu");
    if (!menu) {
        return;
    }
    const PLACE = "0row0";
    const links = [...menu.querySelectorAll("a")].map((link) => [link, link.getAttribute("href")]);
    let opener = null;

    function close() {
        menu.hidden = true;
        opener?.setAttribute("aria-expanded", "false");
        opener = null;
    }

    function open(button) {
        for (const [link, address] of links) {
            link.href = address.replace(PLACE, button.dataset.rowMenu);
            if (link.hasAttribute("hx-get")) {
                link.setAttribute("hx-get", link.getAttribute("href"));
                window.htmx.process(link);
            }
        }
        opener = button;
        button.setAttribute("aria-expanded", "true");
        button.after(menu);
        menu.hidden = false;
        place();
    }

    function place() {
        if (!opener) {
            return;
        }
        const beside = opener.getBoundingClientRect();
        const below = beside.bottom + 4;
        const above = beside.top - 4 - menu.offsetHeight;
        menu.style.top = `${below + menu.offsetHeight > window.innerHeight && above > 0 ? above : below}px`;
        menu.style.left = `${Math.max(Math.min(beside.right, window.innerWidth - 8) - menu.offsetWidth, 8)}px`;
    }

    document.addEventListener("click", (event) => {
        const button = event.target.closest("button[data-row-menu]");
        const again = button === opener;
        close();
        if (button && !again) {
            open(button);
        }
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && opener) {
            opener.focus();
            close();
        }
    });
    for (const moved of ["scroll", "resize"]) {
        window.addEventListener(moved, place, { capture: true, passive: true });
    }
});
