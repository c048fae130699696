"""Tests of pages in a browser; a package, so that its fixtures and those of all tests have modules of their own."""
