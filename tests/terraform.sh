#!/usr/bin/env bash
# terraform fmt, validate and test. With `again` what takes longer: all tests but those of the interface and of the
# validations, the submodules' tests, and all tests and the examples once more with the providers that
# TF_CLI_CONFIG_FILE_V6 names, which have the schema of AWS provider 6.
set -euo pipefail
cd "$(dirname "$0")/.."
export TF_IN_AUTOMATION=1 PYTHONDONTWRITEBYTECODE=1
project=$PWD

checked() { # FOLDER COMMAND…: init and validate there, and run the command
	(
		export TF_DATA_DIR=$project/build/terraform/${1//[.\/]/-}
		cd "$1" && shift
		rm -f .terraform.lock.hcl # it would hold the other providers' versions
		terraform init -backend=false -input=false >/dev/null
		terraform validate
		"$@"
	)
}

of() { for name in "$@"; do echo "-filter=tests/$name.tftest.hcl"; done; }

in_two() { # every run of a test starts all providers, so half of the files at a time
	local first failed=0
	terraform test $(of interface) >"$project/build/terraform.log" 2>&1 &
	first=$!
	terraform test $(of validations) || failed=1
	wait "$first" || failed=1
	cat "$project/build/terraform.log"
	return "$failed"
}

if [ "${1:-}" != again ]; then
	terraform fmt -check -recursive -diff
	for module in modules/*; do checked "$module" true; done
	checked . in_two
	exit 0
fi

checked . terraform test $(of destinations settings triggers resources realtime restart_logging silence_alarm)
for module in modules/*; do checked "$module" terraform test; done
[ -n "${TF_CLI_CONFIG_FILE_V6:-}" ] || {
	echo 'skipped: the schema of AWS provider 6, because TF_CLI_CONFIG_FILE_V6 names no providers'
	exit 0
}
export TF_CLI_CONFIG_FILE=$TF_CLI_CONFIG_FILE_V6
copy=build/terraform-v6
rm -rf "$copy"
mkdir -p "$copy/src"
cp -R ./*.tf LICENSE requirements.txt pyproject.toml examples modules tests "$copy"
cp -R src/cloudtrail_to_slack src/cloudtrail_to_slack_build "$copy/src"
checked "$copy" terraform test
for module in modules/*; do checked "$copy/$module" terraform test; done
