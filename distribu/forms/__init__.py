"""Every FlaskForm, a module for each part of the dashboard."""
