"""The web half: what is decided about published versions, and the answers that the approved ones give."""
