#!/usr/bin/env bash
# terraform validate and test: the module and its submodules, and all of it and the examples once more with the
# providers that TF_CLI_CONFIG_FILE_V6 names, which have the schema of AWS provider 6. `make terraform` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
export TF_IN_AUTOMATION=1 PYTHONDONTWRITEBYTECODE=1
project=$PWD

checked() { # FOLDER COMMAND…: init and validate there, and run the command
	echo "== terraform in $1"
	(
		export TF_DATA_DIR=$project/build/terraform/${1//[.\/]/-}
		cd "$1" && shift
		rm -f .terraform.lock.hcl # it would hold the other providers' versions
		terraform init -backend=false -input=false >/dev/null
		terraform validate
		"$@"
	)
}

in_two() { # all tests but those of the examples; every run starts all providers, so half of the files at a time
	local file first odd=() even=() failed=0
	for file in tests/*.tftest.hcl; do
		[ "$file" != tests/examples.tftest.hcl ] || continue
		if [ ${#odd[@]} -gt ${#even[@]} ]; then even+=("-filter=$file"); else odd+=("-filter=$file"); fi
	done
	terraform test "${odd[@]}" >"$project/build/terraform.log" 2>&1 &
	first=$!
	terraform test "${even[@]}" || failed=1
	wait "$first" || failed=1
	cat "$project/build/terraform.log"
	return "$failed"
}

each_module() { # FOLDER: every module in it, as far as the provider has what it creates; stand-ins have only a part
	local module
	for module in "$1"modules/*; do
		if [ "${module##*/}" = backtest ] && ! has_type "$module" aws_emrserverless_application; then
			echo "skipped: $module, because the AWS provider here has no EMR Serverless"
		else
			checked "$module" terraform test
		fi
	done
}

has_type() { # FOLDER TYPE: whether the providers there have that type of resource
	(
		export TF_DATA_DIR=$project/build/terraform/${1//[.\/]/-}
		cd "$1"
		rm -f .terraform.lock.hcl
		terraform init -backend=false -input=false >/dev/null
		terraform providers schema -json | grep -c "\"$2\"" >/dev/null
	)
}

each_module ""
checked . in_two
[ -n "${TF_CLI_CONFIG_FILE_V6:-}" ] || {
	echo 'skipped: the schema of AWS provider 6, because TF_CLI_CONFIG_FILE_V6 names no providers'
	exit 0
}
unset TF_CLI_ARGS_init # it names the other providers
export TF_CLI_CONFIG_FILE=$TF_CLI_CONFIG_FILE_V6
copy=build/terraform-v6
rm -rf "$copy"
mkdir -p "$copy/src"
cp -R ./*.tf LICENSE requirements.txt pyproject.toml examples modules tests "$copy"
cp -R src/cloudtrail_to_slack src/cloudtrail_to_slack_build "$copy/src"
checked "$copy" terraform test
each_module "$copy/"
