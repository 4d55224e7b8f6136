# The first process of a run: it holds the namespaces, the display, the Wine server and the desktop. When it ends, the
# kernel ends everything else of the run and drops every mount.
# Arguments: RUN ROOTFS TEMPLATE WINE_LOADER WINE_SERVER owned|detached WIDTHxHEIGHT [FOLDER SHOWN READ-ONLY]...
RUN=$1 ROOTFS=$2 TEMPLATE=$3 LOADER=$4 SERVER=$5 LIFETIME=$6 SIZE=$7
shift 7

fail() { echo "$1" > "$RUN/failed"; exit 1; }

# The lock says that the run is alive; whatever inherits it dies with this process.
exec 9> "$RUN/lock"
flock -w 5 9 || fail "another keeper holds this run"
# /proc is still the host's here, so this is the number that the host knows us by.
read -r PID _ < /proc/self/stat
echo "$PID" > "$RUN/pid.new"
mv "$RUN/pid.new" "$RUN/pid"

mkdir -p "$RUN/root" "$RUN/prefix" "$RUN/share" /tmp/.X11-unix
chmod 1777 /tmp/.X11-unix
assemble "$ROOTFS" "$RUN/root"

# Copying the prefix costs a second and 300 MB; laying a writable layer over the template costs nothing.
mkdir -p "$RUN/upper" "$RUN/work"
if mount -t overlay overlay -o "lowerdir=$TEMPLATE,upperdir=$RUN/upper,workdir=$RUN/work" "$RUN/prefix" 2> /dev/null; then
    echo overlay > "$RUN/layer"
else
    cp -a --reflink=auto "$TEMPLATE/." "$RUN/prefix/"
    echo copy > "$RUN/layer"
fi

for folder in "$@"; do show "$RUN/root" "$folder" ro; done
show "$RUN/root" "$RUN/prefix" rw
show "$RUN/root" "$RUN/share" rw
show "$RUN/root" /tmp/.X11-unix rw

# Without locking: the lock file would hold a number of our process namespace, which means nothing to another Xvfb.
# Two at once still cannot get the same display, because the abstract socket has one owner.
Xvfb -displayfd 8 -nolock -noreset -nolisten tcp -screen 0 "${SIZE}x24" 8> "$RUN/display" > "$RUN/xvfb.log" 2>&1 < /dev/null &
XVFB=$!
# A display that ends by itself takes its socket along.
leave() { kill "$XVFB" 2> /dev/null; wait "$XVFB"; exit 0; }
trap leave TERM
tries=0
until [ -s "$RUN/display" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 400 ] || fail "Xvfb gave no display within 10 s: $(tail -n 3 "$RUN/xvfb.log")"
    sleep 0.025
done
read -r DISPLAY_NUMBER < "$RUN/display"

inside() {
    chroot "$RUN/root" /usr/bin/env -i PATH="$(dirname "$LOADER"):/usr/bin:/bin" HOME=/root WINEPREFIX="$RUN/prefix" \
        WINEARCH=win64 WINEDEBUG=-all LANG=C.UTF-8 DISPLAY=":$DISPLAY_NUMBER" "$@"
}
inside "$SERVER" -f -p > "$RUN/wineserver.log" 2>&1 < /dev/null &
inside "$LOADER" explorer.exe "/desktop=Default,$SIZE" > "$RUN/explorer.log" 2>&1 < /dev/null &
# The Wine server closes a desktop that nobody is on, so a program that waits for input stays on it. Windows that come
# later find the desktop up, which makes them quick and gives even the first one a caption.
sleep infinity | inside "$LOADER" cmd.exe > "$RUN/holder.log" 2>&1 &
echo ":$DISPLAY_NUMBER" > "$RUN/ready.new"
mv "$RUN/ready.new" "$RUN/ready"

# An owned run holds the read end of a pipe whose other end its owner has: the owner's death, however it comes, is
# the end of the file. Waiting in the shell keeps it open to signals, and collects orphans as a first process has to.
exec 7<&0
if [ "$LIFETIME" = owned ]; then cat <&7 > /dev/null & else sleep infinity & fi
wait "$!" || true
leave
