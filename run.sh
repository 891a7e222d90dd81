#!/bin/bash
# Builds Mayhem Mandrill and runs a whole pipeline, or its tests. Says what it does: ./run.sh --help
#
# How it works. Every process has a keeper (a subshell that starts it in its own process group and
# waits for it) and a prefixer. Keepers, prefixers and signal handlers write lines into one pipe of
# events; one loop reads them, and looks at the clock every TICK. A second pipe is held open for
# writing by the loop alone: when run.sh vanishes, even by SIGKILL, each keeper sees its end and
# drains its process, so nothing is orphaned.
set -u

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 70
readonly HERE
readonly BUILD=$HERE/build
readonly BIN=${MAYHEM_BIN:-$BUILD/bin}    # set MAYHEM_BIN to run other programs than the built ones

readonly STAGES=(publisher consumer handler)    # upstream first
readonly SIGNALS=(TERM INT QUIT)    # the first, second, third one; different ones never merge
readonly COLOURS=(cyan green yellow magenta blue red)
readonly -A CODES=([cyan]=36 [green]=32 [yellow]=33 [magenta]=35 [blue]=34 [red]=31)

readonly BOOKS=(accepted "done" dead dropped pending)    # of a publisher's report

readonly TICK=0.1               # seconds between looks at the clock
readonly READY_MS=10000         # a stage that is not ready by then holds up the next no longer
readonly BACKOFF_MS=500         # before the first new start, then doubling
readonly CRASHES_MAX=5          # the fifth crash ...
readonly CRASHES_MS=60000       # ... within this time drains the rest
readonly DRAIN_TIMEOUT=8        # defaults of the programs, in seconds
readonly PEER_TIMEOUT=4
readonly GRACE_MS=4000          # past --drain-timeout comes SIGKILL
readonly OUTPUT_MS=5000         # for the last lines, when every process has left
readonly LOST_MS=1000           # an event is never later than that behind its process's end
readonly CLOCK_S=5              # a clock that is silent for so long has been killed
readonly UP_MAX=16 DOWN_MAX=64  # neighbours above and below that a process can have

readonly BUILD_PACKAGES=(gcc libc6-dev make cmake pkgconf
    libzmq3-dev libczmq-dev uuid-dev libjansson-dev)
readonly TEST_PACKAGES=(libcmocka-dev python3 spin clang clang-format gcovr
    nftables iproute2 procps strace util-linux)

usage () {
    cat <<'END'
./run.sh [OPTIONS]    build what is missing, run a pipeline until it is told to stop
./run.sh build        only build
./run.sh test         build and run every test

  --publishers N --consumers N --handlers N    how many (1, 1, 2); 0: that stage runs elsewhere
  --publisher "OPTS" --consumer "OPTS" --handler "OPTS"    handed to each of that stage
  --data DIR        state, pid files and reports (./data); one run.sh per DIR
  --for SECONDS     drain after that time
  --stay            a process that drained is started again: for rolling restarts
INT or TERM drains the pipeline, a second one hands back everything at once.
END
}

die () {    # CODE TEXT...
    echo "run.sh: ${*:2}" >&2
    exit "$1"
}

# ---- Packages, build, tests ---------------------------------------------------------------------

install_packages () {    # PACKAGE...
    command -v dpkg-query > /dev/null || return 0    # no Debian: cmake will say what is missing
    local package missing=()
    for package; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null) == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    ((EUID == 0)) || die 69 "packages are missing, as root type: ${install[*]}"
    echo "run.sh: installing ${missing[*]}"
    { apt-get update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; } > /dev/null ||
        die 69 "could not install: ${install[*]}"
}

build () {    # FOLDER TARGET CMAKE-OPTIONS...: what is missing; a second run.sh waits for the first
    local folder=$1 target=$2 log=$1/run.log turn
    shift 2
    mkdir -p "$folder" || die 73 "cannot create $folder"
    exec {turn}> "$folder/run.lock" || die 73 "cannot write in $folder"
    flock "$turn"
    if ! { { [[ $# == 0 && -e $folder/Makefile ]] || cmake -S "$HERE" -B "$folder" "$@"; } &&
        cmake --build "$folder" -j "$(nproc)" --target "$target"; } > "$log" 2>&1 {turn}>&-; then
        cat "$log" >&2
        die 70 "the build failed, see $log"
    fi
    exec {turn}>&-
}

build_programs () {
    local first=()    # no tests, unless somebody configured them
    install_packages "${BUILD_PACKAGES[@]}"
    [[ -e $BUILD/Makefile ]] || first=(-DMAYHEM_TESTS=OFF)
    build "$BUILD" programs "${first[@]}"
}

run_tests () {
    install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
    echo "run.sh: building, as people run it and with sanitizers"
    build "$BUILD" all -DMAYHEM_TESTS=ON
    build "$BUILD-sanitized" all -DMAYHEM_SANITIZE=ON -DMAYHEM_BUGS=0 -DMAYHEM_SEEDS=1000
    # Sanitized: everything that runs our C code, but not what takes long even without.
    ctest --test-dir "$BUILD-sanitized" -LE 'check|model|long' -j "$(nproc)" --output-on-failure ||
        exit
    exec ctest --test-dir "$BUILD" -j "$(nproc)" --output-on-failure
}

# ---- Options ------------------------------------------------------------------------------------

declare -A count=([publisher]=1 [consumer]=1 [handler]=2)
declare -A options=()    # what --publisher, --consumer, --handler hand through
data=./data
run_ms=0                 # --for; 0: no end
stay=false

millis () {    # TEXT: REPLY = a duration (250ms, 3, 1.5, 20m, 2h) in milliseconds
    [[ $1 =~ ^([0-9]{1,9})(\.([0-9]{1,3})[0-9]*)?(ms|s|m|h|)$ ]] || return 1
    local fraction=${BASH_REMATCH[3]}000 unit=1000
    case ${BASH_REMATCH[4]} in
    ms) unit=1 ;;
    m) unit=60000 ;;
    h) unit=3600000 ;;
    esac
    REPLY=$((10#${BASH_REMATCH[1]} * unit + 10#${fraction:0:3} * unit / 1000))
}

split () {    # TEXT: words = its words; quotes as in a shell, a backslash quotes outside of them only
    local list
    list=$(xargs -r printf '%s\n' <<< "$1" 2> /dev/null) || return 1
    words=()
    [[ -z $list ]] || mapfile -t words <<< "$list"
}

handed () {    # STAGE OPTION: REPLY = the last value in the options handed through, or empty
    local words word previous=
    REPLY=
    split "${options[$1]-}" || die 64 "--$1: unmatched quote in: ${options[$1]}"
    for word in "${words[@]}"; do
        [[ $word != -- ]] || break
        [[ $previous != "$2" ]] || REPLY=$word
        [[ $word != "$2="* ]] || REPLY=${word#*=}
        previous=$word
    done
}

parse () {
    local option value
    while (($#)); do
        option=$1
        shift
        case $option in
        --help) usage && exit 0 ;;
        --stay) stay=true && continue ;;
        --*=*) value=${option#*=} && option=${option%%=*} ;;
        --*) (($#)) || die 64 "$option needs a value, see --help"
            value=$1 && shift ;;
        *) die 64 "$option is not known, see --help" ;;
        esac
        case $option in
        --publishers | --consumers | --handlers)
            [[ $value =~ ^[0-9]{1,2}$ ]] || die 64 "$option takes 0 to 99, not '$value'"
            option=${option#--} && count[${option%s}]=$((10#$value)) ;;
        --publisher | --consumer | --handler) options[${option#--}]=$value ;;
        --data) [[ $value ]] || die 64 "--data takes a folder"
            data=$value ;;
        --for)
            if ! millis "$value" || ((REPLY == 0)); then
                die 64 "--for takes a time above 0, not '$value'"
            fi
            run_ms=$REPLY ;;
        *) die 64 "$option is not known, see --help" ;;
        esac
    done
    ((count[publisher] + count[consumer] + count[handler])) || die 64 "nothing to run"
    ((count[publisher] <= UP_MAX)) || die 64 "--publishers: a consumer connects to $UP_MAX at most"
    ((count[consumer] <= UP_MAX)) || die 64 "--consumers: a handler connects to $UP_MAX at most"
    ((count[handler] <= DOWN_MAX)) || die 64 "--handlers: a consumer takes $DOWN_MAX at most"
}

longest () {    # OPTION DEFAULT: REPLY = the longest value among the stages, in milliseconds
    local stage max=0 variable=${1#--}
    variable=${variable//-/_}
    variable=MAYHEM_${variable^^}
    for stage in "${STAGES[@]}"; do
        handed "$stage" "$1"
        millis "${REPLY:-${!variable:-$2}}" || REPLY=$(($2 * 1000))    # the program will complain
        ((REPLY > max)) && max=$REPLY
    done
    REPLY=$max
}

# ---- Processes ----------------------------------------------------------------------------------
# A process is known by its name. States: starting, ready (or given up waiting for it), waiting
# (crashed, to be started again), left.

declare -A stage_of=() state=() pid=() colour=() reports=()
declare -A code_of=() why=()         # how it left the last time: code, text
declare -A wanted=() sent=()         # signals it should have had, and has had
declare -A start_at=() late_at=()    # when to start it again; when to wait for ready no longer
declare -A crashes=()                # when it crashed, a list
declare -A keeper=() unkept=()       # who watches it, and since when nobody does
declare -A killed=()                 # not empty: it did not leave in time, and that was said
declare -A books=()                  # NAME.KEY: the publishers' books
names=()
width=0                              # of the longest name
colours=                             # not empty: lines are coloured
[[ -t 1 && -z ${NO_COLOR-} ]] && colours=yes
open_outputs=0                       # prefixers that have not seen the end yet
failure=0                            # the first failure's code

now () {    # REPLY = monotonic milliseconds
    local up
    read -r up _ < /proc/uptime
    REPLY=$((10#${up/./} * 10))
}

say () {
    echo "$*" >&"$out"
}

add_names () {    # STAGE: its processes, known from here on
    local number name
    for ((number = 1; number <= count[$1]; number++)); do
        handed "$1" --name
        ((count[$1] == 1)) && [[ $REPLY ]] && name=$REPLY || name=$1-$number
        handed "$1" --report
        ((count[$1] == 1)) && [[ $REPLY ]] && reports[$name]=$REPLY ||
            reports[$name]=$data/run/$name.json
        colour[$name]=${COLOURS[${#names[@]} % ${#COLOURS[@]}]}
        names+=("$name") stage_of[$name]=$1 state[$name]=absent
        ((${#name} > width)) && width=${#name}
    done
}

connects () {    # STAGE: args += --connect to each process above, where the default does not do
    local above name bind hash
    case $1 in
    publisher) return ;;
    consumer) above=publisher ;;
    handler) above=consumer ;;
    esac
    handed "$1" --connect
    [[ -z $REPLY ]] || return
    handed "$above" --bind
    bind=$REPLY
    hash=$(printf %s "$data" | cksum)
    printf -v hash %08x "${hash%% *}"
    for name in "${names[@]}"; do
        [[ ${stage_of[$name]} == "$above" ]] || continue
        [[ $name == "$above-1" && -z $bind && ${count[$above]} == 1 ]] ||
            args+=(--connect "${bind:-ipc://@mayhem-$hash-$name}")
    done
}

keep () {    # NAME COMMAND...: runs in a subshell of its own until the process has left
    local name=$1 pid code guard
    shift
    exec 2> /dev/null    # the shell's own "Killed" lines; run.sh says it better
    set -m               # each of the two below in its own process group
    (trap - HUP INT QUIT TERM && exec "$@") <&0 2>&1 {events}>&- {life}<&- {lock}>&- &
    pid=$!
    echo "$pid" > "$data/run/$name.pid"
    echo "started $name $pid" >&"$events"
    {
        read -r -u "$life"    # returns when run.sh has gone
        kill -TERM "$pid"
        sleep "$kill_s"
        kill -KILL -- "-$pid"
    } > /dev/null &
    guard=$!
    set +m
    exec > /dev/null
    wait -f "$pid"
    code=$?
    kill -KILL -- "-$guard"
    rm -f "$data/run/$name.pid"
    echo "left $name $pid $code" >&"$events"
}

prefix () {    # NAME: writes each line behind the name, reports readiness, reads to the very end
    local name=$1 text mark=
    printf -v text "%-${width}s | " "$name"
    [[ -z $colours ]] || text=$'\e['${CODES[${colour[$name]}]}m$text$'\e[0m'
    # sed writes a line and its end by themselves: with an end of its own, nothing gets in between.
    mark="/Ready as [a-z0-9-]* at /{h;s/.*/ready $name\\n/;w /dev/stderr"$'\n'"g;}"
    if ! stdbuf -oL sed -e "$mark" -e "s/^/$text/" 2>&"$events"; then
        echo "deaf $name" >&"$events"    # nobody reads us: never let the process wait for that
        cat > /dev/null
    fi
    echo "silent $name" >&"$events"
}

start () {    # NAME
    local name=$1 stage=${stage_of[$1]} args=() words input
    state[$name]=starting pid[$name]='' wanted[$name]=0 sent[$name]=0
    now
    late_at[$name]=$((REPLY + READY_MS))
    args=(--name "$name" --data "$data" --report "${reports[$name]}")
    $stay && args+=(--stay)
    connects "$stage"
    split "${options[$stage]-}"
    args+=("${words[@]}")
    rm -f "${reports[$name]}"
    ((open_outputs += 1))
    # The first process may read what run.sh was given (--requests -), but no terminal.
    if [[ $name == "${names[0]}" && ! -t 0 ]]; then
        exec {input}<&0
    else
        exec {input}< /dev/null
    fi
    set -m    # a group of their own, so that Ctrl-C reaches run.sh alone
    # A signal for everything here (killall, systemd) must leave those who watch: they ignore it.
    { trap '' HUP INT QUIT TERM
      keep "$name" "$BIN/mayhem-$stage" "${args[@]}" | prefix "$name"; } \
        <&"$input" {input}<&- {alive}>&- {out}>&- &
    keeper[$name]=$! unkept[$name]='' killed[$name]=''
    set +m
    exec {input}<&-
}

any () {    # STAGE-OR-EMPTY STATE...: is a process (of that stage) in one of these states?
    local stage=$1 name
    shift
    for name in "${names[@]}"; do
        [[ " $* " == *" ${state[$name]} "* ]] || continue
        [[ -z $stage || ${stage_of[$name]} == "$stage" ]] && return 0
    done
    return 1
}

deliver () {    # NAME: sends what is wanted. The first signal waits until the process can take it.
    local name=$1
    [[ ${pid[$name]-} ]] || return
    [[ ${state[$name]} == ready ]] || ((wanted[$name] > 1)) || return
    while ((sent[$name] < wanted[$name])); do
        kill -"${SIGNALS[${sent[$name]}]}" "${pid[$name]}" 2> /dev/null
        ((sent[$name] += 1))
    done
}

signal () {    # STAGE-OR-EMPTY NUMBER: let every process there have had that many signals
    local name
    for name in "${names[@]}"; do
        [[ -z $1 || ${stage_of[$name]} == "$1" ]] || continue
        ((${wanted[$name]-0} < $2)) && wanted[$name]=$2
        deliver "$name"
    done
}

# ---- The loop's state and what it does ----------------------------------------------------------

level=0           # 0: no drain; 1: draining, nothing is started any more; 2, 3: in a hurry
drain_from=       # when the drain, or the first process that left by itself, began
kill_at=          # when the drain must be over
alone_at=         # how long a stage may wait for another of which all have left
run_until=        # --for: when it ends
wave_stage=       # which the wave of signals has reached
next_stage=0      # of STAGES, to be started
clock_pid=

note_failure () {    # CODE
    ((failure)) || failure=$1
}

begin_drain () {    # WHAT TEXT: WHAT is wave (the uppermost stage, the others follow) or all
    local name
    ((level)) && return
    level=1
    now
    drain_from=${drain_from:-$REPLY} kill_at=$((REPLY + kill_ms))
    say "$2"
    for name in "${names[@]}"; do
        [[ ${state[$name]} == waiting ]] && state[$name]=left && note_failure "${code_of[$name]}"
    done
    if [[ $1 == wave ]]; then wave; else signal '' 1; fi
}

wave () {    # one signal to the uppermost stage that is still there
    local stage
    for stage in "${STAGES[@]}"; do
        any "$stage" starting ready || continue
        now
        [[ $stage == "$wave_stage" ]] || kill_at=$((REPLY + kill_ms))
        wave_stage=$stage
        signal "$stage" 1
        return
    done
}

on_signal () {
    if ((level == 0)); then
        begin_drain wave "draining; a second signal hands back at once what still runs"
    elif ((level < ${#SIGNALS[@]})); then
        ((level += 1))
        say "signal $level to all"
        signal '' "$level"
    fi
}

on_started () {    # NAME PID
    pid[$1]=$2
    if [[ ${why[$1]-} ]]; then
        say "${why[$1]}, started again as $2"
    else
        say "$1 pid $2, ${colour[$1]}; to drain it: kill $2; to crash it: kill -9 $2"
    fi
    deliver "$1"
}

on_ready () {    # NAME
    [[ ${state[$1]} == starting ]] || return
    state[$1]=ready
    deliver "$1"
}

add_books () {    # NAME PID: a publisher has left, its report is there or not
    local text key
    [[ ${stage_of[$1]} == publisher ]] || return
    if ! text=$(cat "${reports[$1]}" 2> /dev/null) || [[ -z $text ]]; then
        say "$1 ($2) left no report: what it accepted is not in the books below"
        return
    fi
    for key in "${BOOKS[@]}"; do
        [[ $text =~ \"$key\"[[:space:]]*:[[:space:]]*([0-9]+) ]] || continue
        # A durable outbox counts since it was made: its later report contains the earlier one.
        [[ -e $data/outbox-$1.db ]] && books[$1.$key]=0
        books[$1.$key]=$((${books[$1.$key]-0} + BASH_REMATCH[1]))
    done
}

crashed () {    # CODE: did the process neither drain nor refuse to start?
    case $1 in
    0 | 70 | 74 | 75 | 129 | 130 | 131 | 143) return 1 ;;    # it drained; 128 + n: at a third signal
    64 | 69 | 73 | 78 | 126 | 127) return 1 ;;          # it cannot start, now or later
    *) return 0 ;;
    esac
}

start_later () {    # NAME MILLISECONDS
    now
    state[$1]=waiting start_at[$1]=$((REPLY + $2))
}

on_crash () {    # NAME: it is started again, or this was once too often
    local at recent=()
    now
    for at in ${crashes[$1]-}; do
        ((REPLY - at < CRASHES_MS)) && recent+=("$at")
    done
    recent+=("$REPLY")
    crashes[$1]=${recent[*]}
    if ((level == 0 && ${#recent[@]} < CRASHES_MAX)); then
        start_later "$1" $((BACKOFF_MS << (${#recent[@]} - 1)))
        return
    fi
    note_failure "${code_of[$1]}"
    say "${why[$1]}, not started again"
    begin_drain all "$1 ended ${#recent[@]} times within a minute: draining the rest"
}

on_left () {    # NAME PID CODE
    local name=$1 code=$3 was=${state[$1]} how="left with code $3"
    crashed "$code" && how="crashed with code $code"
    ((code > 128)) && how="killed by SIG$(kill -l "$code")"
    state[$name]=left pid[$name]='' code_of[$name]=$code why[$name]="$name ($2) $how"
    add_books "$name" "$2"
    if crashed "$code"; then
        on_crash "$name"
    elif $stay && ((level == 0)) && [[ $code == @(0|70|75|1??) && $code != 12? ]]; then
        start_later "$name" "$BACKOFF_MS"
    elif ((code)); then
        note_failure "$code"
        say "${why[$name]}"
        [[ $was == starting ]] && begin_drain all "$name did not start: draining the rest"
    fi
    now
    [[ ${state[$name]} == left ]] && drain_from=${drain_from:-$REPLY}
}

watch_alone () {    # TIME: a stage whose neighbours have all left may wait --peer-timeout for them
    local stage gone=false
    for stage in "${STAGES[@]}"; do
        ((count[$stage] == 0)) || any "$stage" starting ready waiting || gone=true
    done
    if ((next_stage < ${#STAGES[@]})) || ! $gone; then
        alone_at=
    elif [[ -z $alone_at ]]; then
        alone_at=$(($1 + peer_ms))
    elif (($1 >= alone_at)); then
        begin_drain all "a whole stage has left, others wait for it: draining them"
        signal '' 1
    fi
}

unwatched () {    # NAME TIME: have process and keeper vanished a second ago, without an event?
    [[ ${state[$1]} == @(starting|ready) ]] || return
    if kill -0 "${keeper[$1]}" 2> /dev/null ||
        { [[ ${pid[$1]} ]] && kill -0 "${pid[$1]}" 2> /dev/null; }; then
        unkept[$1]=
        return 1
    fi
    unkept[$1]=${unkept[$1]:-$2}
    (($2 >= ${unkept[$1]} + LOST_MS))
}

watch_process () {    # NAME TIME
    if unwatched "$1" "$2"; then
        say "$1: nobody knows how it left"
        on_left "$1" "${pid[$1]:-0}" 1
    elif [[ ${state[$1]} == starting ]] && (($2 >= late_at[$1])); then
        say "$1 is not ready after $((READY_MS / 1000)) s, going on"
        on_ready "$1"
    elif [[ ${state[$1]} == waiting ]] && (($2 >= start_at[$1])); then
        start "$1"
    elif [[ ${pid[$1]-} && $kill_at ]] && (($2 >= kill_at)); then
        [[ ${killed[$1]} ]] || say "$1 (${pid[$1]}) has not left in time: killed"
        killed[$1]=yes
        kill -KILL -- "-${pid[$1]}" 2> /dev/null
    fi
}

start_next_stage () {    # once every process started so far is ready
    local name
    ((level == 0 && next_stage < ${#STAGES[@]})) || return
    any '' starting && return
    for name in "${names[@]}"; do
        [[ ${stage_of[$name]} == "${STAGES[next_stage]}" ]] && start "$name"
    done
    ((next_stage += 1))
}

tick () {
    local time name
    now
    time=$REPLY
    for name in "${names[@]}"; do
        watch_process "$name" "$time"
    done
    start_next_stage
    watch_alone "$time"
    if [[ $run_until ]] && ((time >= run_until)); then
        begin_drain wave "draining after --for"
    elif ((run_ms && next_stage == ${#STAGES[@]})) && [[ -z $run_until ]] && ! any '' starting; then
        run_until=$((time + run_ms))    # it counts from the moment when all are ready
    fi
    if ((level)) && $stay; then wave; fi
}

# One event each TICK, until run.sh has gone. A time limit of the loop's own read would do, but bash
# drops what it has read when that runs out in the midst of a line.
clock () {
    trap '' HUP INT QUIT TERM
    while read -r -t "$TICK" -u "$life"; (($? > 128)); do
        echo tick >&"$events"
    done
}

start_clock () {    # again, when it is silent
    [[ -z $clock_pid ]] || kill -KILL "$clock_pid" 2> /dev/null
    clock 2> /dev/null {alive}>&- {out}>&- {lock}>&- &
    clock_pid=$!
}

next_event () {    # waits for one, a tick long at most, and handles it
    local what name number code
    if ! read -r -t "$CLOCK_S" -u "$events" what name number code; then
        start_clock
        return
    fi
    case $what in
    started) on_started "$name" "$number" ;;
    ready) on_ready "$name" ;;
    left) on_left "$name" "$number" "$code" ;;
    silent) ((open_outputs -= 1)) ;;
    signal) on_signal ;;
    deaf) begin_drain wave "nobody reads the output any more" ;;
    esac
}

last_line () {
    local name key until took
    local -A sum=()
    now
    took=$((REPLY - drain_from)) until=$((REPLY + OUTPUT_MS))
    while ((open_outputs && REPLY < until)); do    # every line of a process comes before this one
        next_event
        now
    done
    for name in "${names[@]}"; do
        for key in "${BOOKS[@]}"; do
            sum[$key]=$((${sum[$key]-0} + ${books[$name.$key]-0}))
        done
    done
    printf -v took '%d.%d' $((took / 1000)) $((took % 1000 / 100))
    say "drained in $took s: accepted ${sum[accepted]} done ${sum[done]} dead ${sum[dead]}" \
        "kept ${sum[pending]} lost $((sum[accepted] - sum[done] - sum[dead] - sum[dropped] - \
            sum[pending])), exit $failure"
}

open_pipes () {    # events (both ends), life (to read) and alive (to write, in this process alone)
    local both fifo=$data/run/.pipe
    exec {out}> >(trap '' HUP INT QUIT TERM && exec cat)    # so that a slow reader stops no drain
    writer=$!
    rm -f "$fifo"
    mkfifo "$fifo" || die 73 "cannot make a pipe in $data/run"
    exec {events}<> "$fifo"
    rm "$fifo"
    mkfifo "$fifo" || die 73 "cannot make a pipe in $data/run"
    exec {both}<> "$fifo"
    exec {life}< "$fifo"
    exec {alive}> "$fifo" {both}>&-
    rm "$fifo"
}

run_pipeline () {
    local stage
    mkdir -p "$data/run" || die 73 "cannot create $data/run"
    data=$(cd "$data" && pwd -P)
    exec {lock}> "$data/run/lock" || die 73 "cannot write in $data/run"
    flock -n "$lock" || die 73 "another run.sh, or what it left, works in $data"
    longest --drain-timeout "$DRAIN_TIMEOUT"
    kill_ms=$((REPLY + GRACE_MS)) kill_s=$((kill_ms / 1000 + 1))
    longest --peer-timeout "$PEER_TIMEOUT"
    peer_ms=$REPLY
    for stage in "${STAGES[@]}"; do
        add_names "$stage"
    done
    open_pipes
    trap 'echo signal >&"$events"' HUP INT QUIT TERM
    trap : PIPE
    start_clock
    tick
    while any '' starting ready waiting || ((level == 0 && next_stage < ${#STAGES[@]})); do
        next_event
        tick
    done
    last_line
    exec {out}>&-
    wait "$writer"
    exit "$failure"
}

case ${1-} in
build) build_programs ;;
test) run_tests ;;
*)
    parse "$@"
    [[ ${MAYHEM_BIN-} ]] || build_programs
    run_pipeline
    ;;
esac
