// Package extract reads a promotion as a person would: its links, its price, its coupons and
// whether it is over. It works on the text alone and never guesses: what is unclear is left
// out.
//
// Links errs the other way: everything WhatsApp may turn into a link is reported, so that
// none can slip through unclassified.
//
// TextKey, NearKey and Similar tell whether two texts are the same promotion, Word matches a
// tenant's word rules, and Clutter finds the lines that can be taken away without loss.
package extract
