"""Selling: how an order takes its stock."""
