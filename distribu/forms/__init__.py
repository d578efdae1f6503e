"""Every FlaskForm, with a module for each part of the dashboard."""
