"""Embedded models: small readers pretrained by the recipe of this package on invented text."""
