package httpapi

import (
	"net/http"
	"strings"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// fieldPrefix tells the fields of a tag from the others of its form.
const fieldPrefix = "f."

func (v *visit) shops() ([]console.Shop, error) {
	tags, err := v.tenant.Tags(v.ctx)
	return console.Shops(v.engine.Stores(), tags), err
}

func (v *visit) shop() (console.Shop, error) {
	all, err := v.shops()
	for _, shop := range all {
		if shop.Slug() == v.Param("slug") {
			return shop, err
		}
	}
	if err == nil {
		err = core.ErrNotFound
	}
	return console.Shop{}, err
}

func (v *visit) showStores() error {
	all, err := v.shops()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Stores(all))
}

func (v *visit) showStore() error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Store(shop, console.TagForm{}))
}

// saveTag stores a new tag, or replaces the one whose id the form has. A secret field that
// was left empty stays as it is.
func (v *visit) saveTag() error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	in := engine.TagInput{Store: shop.Slug(), Marketplace: v.field("marketplace"), Fields: map[string]string{}}
	for _, f := range shop.Fields() {
		if value := v.field(fieldPrefix + f.Name); value != "" {
			in.Fields[f.Name] = value
		}
	}
	id := v.field("id")
	if id == "" {
		_, err = v.tenant.AddTag(v.ctx, in)
	} else {
		var known core.TagID
		if known, err = parseID[core.TagID](id); err == nil {
			_, err = v.tenant.ChangeTag(v.ctx, known, in)
		}
	}
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	if field, sentence, ok := v.refused(err); ok {
		f := console.TagForm{ID: core.TagID(id), Form: v.typed()}
		for _, secret := range shop.Fields() {
			if secret.Secret {
				delete(f.Values, fieldPrefix+secret.Name)
			}
		}
		if field = inputOf(shop, field); field != "" {
			f.Faults[field] = sentence
		} else {
			f.Fault = sentence
		}
		return v.show(http.StatusUnprocessableEntity, v.view.Store(shop, f))
	} else if err != nil {
		return err
	}
	v.notify("tag_saved")
	v.leadTo("/stores/" + shop.Slug())
	return nil
}

// inputOf is the name of the input that the engine's field stands for, "" for none.
func inputOf(shop console.Shop, field string) string {
	if name, ok := strings.CutPrefix(field, "fields."); ok {
		return fieldPrefix + name
	}
	for _, f := range shop.Fields() {
		if f.Main && field == "tag_code" {
			return fieldPrefix + f.Name
		}
	}
	if field == "marketplace" {
		return field
	}
	return ""
}

// checkTag judges the one field that was just left.
func (v *visit) checkTag() error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	asked := v.field("field")
	answer := map[string]string{"okay": v.view.T("Formato certo.", "The format is right.")}
	value := v.field(asked)
	name, isField := strings.CutPrefix(asked, fieldPrefix)
	if isField && value != "" {
		err := v.engine.CheckTagField(shop.Slug(), v.field("marketplace"), name, value)
		if field, sentence, ok := v.refused(err); ok && inputOf(shop, field) == asked {
			answer["fault"] = sentence
		}
	}
	writeJSON(v.Context, http.StatusOK, jsonType, answer)
	return nil
}

func (v *visit) removeTag() error {
	shop, err := v.shop()
	if err != nil {
		return err
	}
	id, err := parseID[core.TagID](v.field("id"))
	if err == nil {
		err = v.tenant.RemoveTag(v.ctx, id)
	}
	if core.CodeOf(err) == core.CodeNotFound {
		return err
	}
	return v.act(err, "/stores/"+shop.Slug(), "tag_removed")
}
