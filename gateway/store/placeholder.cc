namespace trackly {}
