# shellcheck shell=sh disable=SC2034,SC2153,SC2154 # Variables are for the scripts that read it.
# Where a repository beside the run's own is. Needs common.sh.

# enter_repository NAME: what is said of the run's checkout is from here on said of that one. For a subshell.
enter_repository() {
  WORKSPACE_DIR=$REPOSITORIES_DIR/$1
  STORE_DIR=$STORES_DIR/$1
  record=$RECORD_DIR/$1/start.${AGENT_RUN_UID:-run}
  base_file=$record.base
}
