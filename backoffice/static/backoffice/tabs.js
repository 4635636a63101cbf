/* On a phone the tabs scroll: the one that is open is in sight. */
"use strict";

window.addEventListener("load", () => {
    const tabs = document.querySelector("#tabs-items");
    const open = tabs?.querySelector(".active");
    if (open && tabs.scrollWidth > tabs.clientWidth) {
        tabs.scrollLeft = open.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
    }
});
