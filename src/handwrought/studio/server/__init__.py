"""What all views of the studio share: the guard, messages, and the page's frame."""
