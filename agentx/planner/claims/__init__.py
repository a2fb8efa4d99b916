"""What an answer claims (figures, days, clock times, names, quotations), and where a source says it."""
