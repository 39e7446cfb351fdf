#!/usr/bin/env bash
# terraform fmt, validate and test, of the root module and the submodules. With `again` the same with the providers that
# TF_CLI_CONFIG_FILE_V6 names, which have the schema of AWS provider 6, and the examples with those.
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

if [ "${1:-}" = again ]; then
	[ -n "${TF_CLI_CONFIG_FILE_V6:-}" ] || { echo 'skipped: the schema of AWS provider 6, because TF_CLI_CONFIG_FILE_V6 names no providers'; exit 0; }
	export TF_CLI_CONFIG_FILE=$TF_CLI_CONFIG_FILE_V6
	copy=build/terraform-v6
	rm -rf "$copy"
	mkdir -p "$copy/src"
	cp -R ./*.tf LICENSE requirements.txt pyproject.toml examples modules tests "$copy"
	cp -R src/cloudtrail_to_slack "$copy/src"
	checked "$copy"
	for module in modules/*; do checked "$copy/$module"; done
	exit 0
fi

terraform fmt -check -recursive -diff
# Each file starts all providers for each of its runs, so two at a time; the examples come with `again`, and in `make e2e`.
files=()
for file in tests/*.tftest.hcl; do
	[ "$file" = tests/examples.tftest.hcl ] || files+=("-filter=$file")
done
checked . "${files[@]}" &
root=$!
failed=0
for module in modules/*; do checked "$module" || failed=1; done
wait "$root" || failed=1
exit "$failed"
