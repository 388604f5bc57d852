package aliexpressapi_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/aliexpressapi"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
	"github.com/autopromo-cloud/autopromo/testkit/linkstest"
)

// faults are the suite's answers in the fake's words.
var faults = map[linkstest.AnswerKind]fakestores.FaultKind{
	linkstest.AnswerLink:             fakestores.OtherLink,
	linkstest.AnswerWrongCredentials: fakestores.WrongCredentials,
	linkstest.AnswerPageRefused:      fakestores.PageRefused,
	linkstest.AnswerTrouble:          fakestores.Down,
	linkstest.AnswerBody:             fakestores.Garbage,
}

func TestConformance(t *testing.T) {
	linkstest.RunMinter(t, linkstest.MinterHarness{
		Link: "https://s.click.aliexpress.com/e/_DdV3Zrl",
		Empty: []string{
			answer(`{"resp_code":200,"resp_msg":"Call succeeds"}`),
			answer(`{"resp_code":200,"result":null}`),
			answer(`{"resp_code":200,"result":{"promotion_links":null}}`),
			answer(`{"resp_code":200,"result":{"total_result_count":0,"promotion_links":{"promotion_link":[]}}}`),
			answer(`{"resp_code":200,"result":{"promotion_links":{"promotion_link":[{}]}}}`),
			answer(`{"resp_code":200,"result":{"promotion_links":{"promotion_link":[{"source_value":"` + request().Target + `"}]}}}`),
			answer(`null`), answer(`{}`),
		},
		NoSubIDs: true,
		New: func(tb testing.TB, script *linkstest.MinterScript) (links.Minter, links.MintRequest) {
			server := httptest.NewServer(fakestores.New(fakestores.Options{
				Accounts: []fakestores.Account{account},
				Decide: func(ctx context.Context, c fakestores.Call) fakestores.Fault {
					a := script.Next(ctx, linkstest.MintCall{Target: c.Target, SubID: strings.Join(c.SubIDs, "-")})
					return fakestores.Fault{Kind: faults[a.Kind], Text: a.Link + a.Body}
				},
			}))
			tb.Cleanup(server.Close)
			m, err := aliexpressapi.New(aliexpressapi.Options{
				Client: server.Client(), BaseURL: server.URL, Timeout: time.Second, Retries: 1,
				Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			})
			if err != nil {
				tb.Fatal(err)
			}
			return m, request()
		},
	})
}

// answer is an answer of the programme with this result.
func answer(result string) string {
	return `{"aliexpress_affiliate_link_generate_response":{"resp_result":` + result + `}}`
}
