#!/bin/sh
# Tells weft that a job begins or ends, within a second instead of at the next question to Slurm. For slurm.conf:
#
#   PrologSlurmctld=/etc/slurm/weft-job.sh        # on the controller, once a job
#   EpilogSlurmctld=/etc/slurm/weft-job.sh
#
# or, as Prolog= and Epilog=, on every node. A failure never holds up a job: it ends with 0 whatever weft answers.
# WEFT_URL: where the analyzer listens. WEFT_TOKEN_FILE: the file of [http] token_file, readable by Slurm's user.
WEFT_URL="${WEFT_URL:-http://127.0.0.1:9870}"
WEFT_TOKEN_FILE="${WEFT_TOKEN_FILE:-/etc/weft/token}"

# As weft names a job that squeue tells of: the id, or ARRAY_TASK; a component of a heterogeneous job goes by the whole job.
job="${SLURM_HET_JOB_ID:-$SLURM_JOB_ID}"
if [ -n "$SLURM_ARRAY_JOB_ID" ] && [ -n "$SLURM_ARRAY_TASK_ID" ]; then job="${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; fi

case "$SLURM_SCRIPT_CONTEXT" in
  prolog_*) what=begin; body="{\"job\":\"$job\",\"nodes\":\"$SLURM_JOB_NODELIST\"}" ;;
  epilog_*) what=end; body="{\"job\":\"$job\"}" ;;
  *) exit 0 ;;
esac

# The token is read from the file by curl itself (a header file), so that no process list shows it.
umask 077
header=$(mktemp) || exit 0
trap 'rm -f "$header"' EXIT
printf 'Authorization: Bearer %s\nContent-Type: application/json\n' "$(cat "$WEFT_TOKEN_FILE" 2>/dev/null)" > "$header"
curl --silent --show-error --max-time 2 --header @"$header" --data "$body" "$WEFT_URL/api/v1/jobs/$what" >/dev/null
exit 0
