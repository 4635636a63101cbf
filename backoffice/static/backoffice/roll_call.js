/* The roll by keyboard: arrows go from person to person, a letter marks and goes on. Without it the page is a form. */
"use strict";

const form = document.querySelector("form[data-roll]");
if (form) {
    startRoll(form, document.querySelector("[data-roll-search]"));
}

function startRoll(form, searchForm) {
    const list = form.querySelector("[data-roll-lines]");
    const lines = [...list.querySelectorAll("[data-line]")];
    const state = form.querySelector("[data-roll-state]");
    const search = searchForm.querySelector("input[type=search]");
    const counts = new Map([...form.querySelectorAll("[data-count]")].map((cell) => [cell.dataset.count, cell]));
    const noted = new Map(lines.map((line) => [line, chosen(line)?.value]));
    const keys = keysOf(form);
    let isSending = false;

    // One stop for the Tab key, not five for each person.
    for (const line of lines) {
        line.tabIndex = -1;
        for (const input of inputs(line)) {
            input.tabIndex = -1;
        }
    }
    if (lines.length) {
        lines[0].tabIndex = 0;
    }
    for (const line of lines) {
        // What was typed before an error is not counted by the server.
        count(line.dataset.saved, -1);
        count(noted.get(line), 1);
    }
    showUnsaved();

    list.addEventListener("change", (event) => noteOutcome(event.target.closest("[data-line]")));
    list.addEventListener("focusin", (event) => makeCurrent(event.target.closest("[data-line]")));
    list.addEventListener("keydown", onKey);
    form.addEventListener("keydown", save, true); // before the choice of walk-ins, which keeps its keys for itself
    form.addEventListener("submit", () => {
        isSending = true;
    });
    window.addEventListener("beforeunload", (event) => {
        if (!isSending && unsaved()) {
            event.preventDefault();
        }
    });
    document.addEventListener("keydown", (event) => {
        if (event.key === "ArrowDown" && event.target === document.body) {
            event.preventDefault();
            shown()[0]?.focus();
        }
        if (event.key === "/" && !event.target.closest("input:not([type=radio]), textarea, select, [contenteditable]")) {
            event.preventDefault();
            search.focus();
        }
    });
    search.addEventListener("input", filter);
    search.addEventListener("keydown", (event) => {
        const first = shown()[0];
        if (event.key === "Escape") {
            event.preventDefault();
            search.value = "";
            filter();
        } else if (first && (event.key === "Enter" || event.key === "ArrowDown") && !isElsewhere()) {
            event.preventDefault();
            first.focus();
        }
    });
    if (search.value) {
        filter();
    }

    function save(event) {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            event.stopPropagation();
            form.requestSubmit();
        }
    }

    function onKey(event) {
        const line = event.target.closest("[data-line]");
        if (!line || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const steps = { ArrowDown: 1, ArrowUp: -1 };
        const outcome = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
        if (event.key in steps) {
            event.preventDefault();
            beside(line, steps[event.key])?.focus();
        } else if (event.key === "Home" || event.key === "End") {
            event.preventDefault();
            shown().at(event.key === "Home" ? 0 : -1)?.focus();
        } else if (outcome && choose(line, outcome)) {
            event.preventDefault();
            (beside(line, 1) ?? line).focus();
        } else if (event.key === "Enter") {
            event.preventDefault();
        }
    }

    function choose(line, outcome) {
        const input = inputs(line).find((one) => one.value === outcome);
        if (!input || input.disabled) {
            return false;
        }
        input.checked = true;
        noteOutcome(line);
        return true;
    }

    function noteOutcome(line) {
        const input = chosen(line);
        count(noted.get(line), -1);
        count(input.value, 1);
        noted.set(line, input.value);
        showUnsaved();
        state.textContent = `${line.getAttribute("aria-label")}: ${input.closest("label").textContent.trim()}. ${state.textContent}`;
    }

    function showUnsaved() {
        for (const line of lines) {
            line.classList.toggle("roll-unsaved", noted.get(line) !== line.dataset.saved);
        }
        const number = unsaved();
        state.textContent = number ? `${number} ${form.dataset.unsaved}` : "";
    }

    function unsaved() {
        return lines.filter((line) => noted.get(line) !== line.dataset.saved).length;
    }

    function count(outcome, by) {
        const cell = counts.get(outcome);
        if (cell) {
            cell.textContent = Number(cell.textContent) + by;
        }
    }

    function makeCurrent(line) {
        for (const other of line ? lines : []) {
            other.tabIndex = other === line ? 0 : -1;
        }
    }

    function filter() {
        const words = fold(search.value).split(/\s+/);
        for (const line of lines) {
            line.hidden = !words.every((word) => line.dataset.text.includes(word));
        }
        makeCurrent(shown()[0]);
    }

    // Of a roll of several pages the server searches them all.
    function isElsewhere() {
        return document.querySelector("[data-roll] nav") !== null;
    }

    function shown() {
        return lines.filter((line) => !line.hidden);
    }

    function beside(line, step) {
        const visible = shown();
        return visible[visible.indexOf(line) + step];
    }
}

// The letters are those of the reader's language.
function keysOf(form) {
    const told = form.dataset.keys.trim().split(" ").map((pair) => pair.split("="));
    return {
        ...Object.fromEntries(told.map(([outcome, key]) => [key.toLowerCase(), outcome])),
        Backspace: "pending",
        Delete: "pending",
    };
}

function inputs(line) {
    return [...line.querySelectorAll("input[type=radio]")];
}

function chosen(line) {
    return inputs(line).find((input) => input.checked);
}

function fold(text) {
    return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
