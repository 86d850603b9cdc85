# Sourced, not run. deps_need LIST... makes sure that everything in deps/LIST.txt is there. Needs lib.sh.
# shellcheck disable=SC2046,SC2086,SC2016 # rows of the lists are split into words; apt expands $(REPO_URI) itself
# shellcheck disable=SC1091,SC2154 # /etc/os-release is the machine's; $root is the caller's

deps_need() {
    debian_release
    missing=$(deps_rows "$@" | while read -r row; do deps_has $row || echo "$row"; done)
    [ "$missing" ] || return 0
    mkdir -p "$root/.local"
    [ -w "$root/.local" ] || die ".local is not yours to write" "Remove it, or run ./dev as its owner: $(stat -c %U "$root/.local")"
    deps_install $(echo "$missing" | grep -v ' unpack' | cut -d ' ' -f 1)
    echo "$missing" | grep ' unpack' | while read -r row; do deps_unpack $row || exit 1; done || exit 1
    deps_rows "$@" | while read -r row; do
        deps_has $row || die "still missing or too old: $row" "Look at .local/log/install.log and at apt-cache policy."
    done || exit 1
}

# Sets $release (12 or 13) and $codename.
debian_release() {
    id=$(. /etc/os-release && echo "$ID")
    release=$(. /etc/os-release && echo "${VERSION_ID:-}")
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    case "$id $release" in
    "debian 12" | "debian 13") ;;
    *) die "this is $id $release, and ./dev installs on Debian 12 and 13 only" ;;
    esac
}

# Rows of the named lists that are meant for this release, without comments.
deps_rows() {
    for list; do cat "$root/deps/$list.txt"; done | sed 's/#.*//' | while read -r row; do
        case " $row " in
        "  ") continue ;;
        *" only=$release "*) ;;
        *" only="*) continue ;;
        esac
        echo "$row"
    done | sort -u
}

# Is this row satisfied?
deps_has() { # deps_has PACKAGE OPTION...
    package=$1 min='' cmd='' into=''
    shift
    for option; do
        case $option in
        min=*) min=${option#min=} ;;
        cmd=*) cmd=${option#cmd=} ;;
        into=*) into=${option#into=} ;;
        esac
    done
    if [ "$into" ]; then
        version=$(cat "$root/.local/deps/$into/version" 2>/dev/null) || return 1
    elif [ "$cmd" ] && command -v "$cmd" >/dev/null; then
        return 0
    else
        version=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$package" 2>/dev/null |
            sed -n 's/^installed //p' | head -n 1)
        [ "$version" ] || return 1
    fi
    [ -z "$min" ] || dpkg --compare-versions "$version" ge "$min"
}

deps_install() { # deps_install PACKAGE...
    [ $# -gt 0 ] || return 0
    say "installing $* (log: .local/log/install.log)"
    as_root true
    logged "$root/.local/log/update.log" as_root apt-get -q update || no_archive
    ! grep -q '^[EW]: .*Failed to fetch' "$root/.local/log/update.log" || warn "apt-get update: some lists are old"
    case " $* " in *" postgresql "*) without_main_cluster true ;; esac
    logged "$root/.local/log/install.log" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" && installed=yes || installed=no
    case " $* " in *" postgresql "*) without_main_cluster false ;; esac
    [ $installed = yes ] || die "apt-get could not install: $*" "Is there a network? The whole log is .local/log/install.log"
}

no_archive() {
    die "apt-get update failed" "Is there a network? Is /etc/apt/sources.list right? The log is .local/log/update.log"
}

# Debian's postgresql makes a cluster and starts it on port 5432. Nobody asked for that one, so it is told not to
# while it is being installed.
without_main_cluster() { # without_main_cluster true|false
    file=/etc/postgresql-common/createcluster.d/ringback-dev.conf
    if [ "$1" = true ]; then
        as_root mkdir -p "${file%/*}"
        echo 'create_main_cluster = false' | as_root tee $file >/dev/null
    else
        as_root rm -f $file
    fi
}

# Downloads a signed package with lists of our own and unpacks it; the machine's packages and lists stay as they are.
deps_unpack() { # deps_unpack PACKAGE OPTION...
    package=$1 suite=$codename into=$1
    shift
    for option; do
        case $option in
        unpack=*) suite=${option#unpack=} ;;
        into=*) into=${option#into=} ;;
        esac
    done
    say "unpacking $package of $suite into .local/deps/$into"
    apt_dir=$root/.local/apt
    rm -rf "$apt_dir/get" "$root/.local/deps/$into"
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial" "$apt_dir/get" "$root/.local/deps/$into"
    archive=$(archive_address)
    [ "$archive" ] || die "apt names no Debian archive for $codename" "Look at apt-get indextargets and /etc/apt/sources.list"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main" >"$apt_dir/sources.list"
    logged "$root/.local/log/unpack.log" private_apt update || no_archive
    (cd "$apt_dir/get" && logged "$root/.local/log/unpack.log" private_apt download "$package") ||
        die "could not download $package of $suite" "The log is .local/log/unpack.log"
    dpkg-deb -x "$apt_dir/get/$package"_*.deb "$root/.local/deps/$into"
    dpkg-deb -f "$apt_dir/get/$package"_*.deb Version >"$root/.local/deps/$into/version"
    rm -rf "$apt_dir"
}

# apt with the machine's configuration but our own sources and lists. As root it would hand downloads to user _apt,
# who may not be allowed to enter this folder.
private_apt() {
    apt-get -q -o APT::Sandbox::User=root -o Dir::State::Lists="$apt_dir/lists" -o Dir::Cache="$apt_dir/cache" \
        -o Dir::Etc::SourceList="$apt_dir/sources.list" -o Dir::Etc::SourceParts=/dev/null "$@"
}

# Where this machine gets Debian from. A machine without lists is asked with lists of our own.
archive_address() {
    address=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" 'Component: main' 'Label: Debian')
    if [ -z "$address" ]; then
        apt-get -q -o APT::Sandbox::User=root -o Dir::State::Lists="$apt_dir/lists" update >/dev/null 2>&1 || no_archive
        address=$(apt-get -o Dir::State::Lists="$apt_dir/lists" indextargets --format '$(REPO_URI)' \
            "Codename: $codename" 'Component: main' 'Label: Debian')
    fi
    echo "$address" | head -n 1
}
