"""`make proof`: every check against every defect of the virtual device."""
