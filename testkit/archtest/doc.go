// Package archtest checks the import rule of a module: which branch of the tree may import
// which, on the whole graph of non-test imports and not only on direct ones.
//
// A broken rule is reported with the chain of imports that breaks it. A rule that covers no
// package, and a package that no rule covers, are failures too, so that a renamed folder
// cannot switch the check off.
//
// The package needs nothing but the go command. It asks for the imports of the platform it
// runs on; test files are not judged.
package archtest
