"""Rule files, figures and the plans compiled from them."""
