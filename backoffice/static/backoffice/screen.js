/* A button that gives the codes the whole screen, where the browser can. */
"use strict";

const wide = document.querySelector("button[data-whole-screen]");
const stage = document.querySelector("[data-stage]");

if (wide && document.fullscreenEnabled) {
    wide.hidden = false;
    wide.addEventListener("click", () => stage.requestFullscreen());
}
