# Makes a root to change into, inside namespaces that are already private: a bare tmpfs with the system folders of
# ROOTFS bound read-only into it, so that nothing inside can alter the cache, and any other folder can be bound at
# its own path.

# assemble ROOTFS ROOT
assemble() {
    mount -t tmpfs -o mode=755 portcullis-lab "$2"
    for d in usr etc opt var; do
        if [ -d "$1/$d" ]; then
            mkdir "$2/$d"
            mount --bind "$1/$d" "$2/$d"
            mount -o remount,bind,ro "$2/$d"
        fi
    done
    for d in bin sbin lib lib32 lib64; do
        if [ -L "$1/$d" ]; then
            cp -P "$1/$d" "$2/$d"
        elif [ -d "$1/$d" ]; then
            mkdir "$2/$d"
            mount --bind "$1/$d" "$2/$d"
        fi
    done
    mkdir "$2/proc" "$2/dev" "$2/tmp" "$2/run" "$2/root" "$2/home"
    chmod 1777 "$2/tmp"
    mount -t proc proc "$2/proc"
    mount --rbind /dev "$2/dev"
}

# show ROOT FOLDER ro|rw: makes a folder of the host visible at its own path
show() {
    mkdir -p "$1$2"
    mount --bind "$2" "$1$2"
    if [ "$3" = ro ]; then mount -o remount,bind,ro "$1$2"; fi
}
