/* A button to print, where there are scripts to do it. */
"use strict";

const button = document.querySelector("button[data-print]");

if (button) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
}
