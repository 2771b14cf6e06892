# Thin on purpose: what needs logic stands in scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo test bench quality check fmt clean-demo

CARGO     := scripts/cargo.sh
DEMO_DATA ?= demo-data

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: ## builds Papierlos and starts a demo town: an address, people to sign in as, documents to find
	@scripts/packages.sh demo
	@echo 'Papierlos wird gebaut, beim ersten Mal dauert das zehn bis fünfzehn Minuten. / Building Papierlos: ten to fifteen minutes the first time.'
	@$(CARGO) build --locked --profile demo -p server --bin papierlos
	@$(CARGO) run --quiet --locked --profile demo -p server --bin papierlos -- demo --data $(DEMO_DATA)

test: ## runs every test: what needs a database on PostgreSQL, then everything on SQLite
	@scripts/packages.sh test
	@scripts/test.sh

bench: ## measures the promised figures against the floor of this machine, prints one table
	@scripts/packages.sh bench
	@$(CARGO) build --quiet --locked --workspace --release --bins --bench spine
	@$(CARGO) bench --quiet --locked --workspace --bench spine -- $(ROWS) $(if $(QUICK),--quick)

quality: ## asks the quality set of German questions, has documents suggested for, compares letters that are nearly alike, reads documents and scans, and prints what was found
	@scripts/packages.sh quality
	@$(CARGO) test --locked --workspace --test quality -- --nocapture

check: ## format, lints, documents, licences and advisories
	@scripts/packages.sh check
	@scripts/check.sh

fmt: ## formats the code
	@$(CARGO) fmt --all

clean-demo: ## takes the demo town away
	@rm -rf $(DEMO_DATA)
