"""Models, their versions, and who decided what about them."""
