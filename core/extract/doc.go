// Package extract reads a promotion as a person would: its links, its price, its coupons and
// whether it is over. It works on the text alone and never guesses: what is unclear is left
// out.
//
// Links errs the other way: everything WhatsApp may turn into a link is reported, so that
// none can slip through unclassified.
package extract
