#!/usr/bin/env bash
# terraform fmt, validate and test. With TF_CLI_CONFIG_FILE_V6, which names providers with the schema of AWS provider 6,
# what depends most on the schema once more with those, in a copy, at the same time, and the examples with those alone.
set -euo pipefail
cd "$(dirname "$0")/.."
export TF_IN_AUTOMATION=1 PYTHONDONTWRITEBYTECODE=1

checked() { # FOLDER [OPTIONS of terraform test]: init, validate and test there
	(
		export TF_DATA_DIR=$PWD/build/terraform/${1//[.\/]/-}
		cd "$1" && shift
		rm -f .terraform.lock.hcl # it would hold the other providers' versions
		terraform init -backend=false -input=false >/dev/null
		terraform validate
		terraform test "$@"
	)
}

terraform fmt -check -recursive -diff

if [ -n "${TF_CLI_CONFIG_FILE_V6:-}" ]; then
	copy=build/terraform-v6
	rm -rf "$copy"
	mkdir -p "$copy/src"
	cp -R ./*.tf LICENSE requirements.txt pyproject.toml examples modules tests "$copy"
	cp -R src/cloudtrail_to_slack "$copy/src"
	(
		export TF_CLI_CONFIG_FILE=$TF_CLI_CONFIG_FILE_V6
		checked "$copy" -filter=tests/{triggers,resources,examples}.tftest.hcl
		for module in modules/*; do checked "$copy/$module"; done
	) >"$copy/log" 2>&1 &
	second=$!
	trap 'kill "$second" 2>/dev/null || true' EXIT
	others=()
	for file in tests/*.tftest.hcl; do
		[ "$file" = tests/examples.tftest.hcl ] || others+=("-filter=$file")
	done
	checked . "${others[@]}"
else
	checked .
fi
for module in modules/*; do checked "$module"; done

if [ -n "${second:-}" ]; then
	wait "$second" || { cat "$copy/log"; exit 1; }
	trap - EXIT
	echo "the same with the schema of AWS provider 6: $(tail -n 1 "$copy/log")"
fi
