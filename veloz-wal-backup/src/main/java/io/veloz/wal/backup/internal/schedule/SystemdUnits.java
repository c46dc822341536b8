package io.veloz.wal.backup.internal.schedule;

import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.profile.Profile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Units of systemd. A job of type oneshot does not overlap itself. Immutable. */
final class SystemdUnits {
    private final Profile profile;
    private final Installation installation;

    SystemdUnits(Profile profile, Installation installation) {
        this.profile = profile;
        this.installation = installation;
    }

    Map<String, String> files() {
        Map<String, String> files = new TreeMap<>();
        for (Job job : Job.of(profile, installation)) {
            files.put(job.name() + ".service", comments(job) + service(job));
            files.put(job.name() + ".timer", timer(job));
        }
        profile.engine()
                .flatMap(engine -> engine.unit())
                .ifPresent(unit -> files.put(dropIn(unit), String.format(Locale.ROOT, """
                # The engine must not start while a recovery is half done.
                [Unit]
                ConditionPathExists=!%s
                """, journal())));
        return files;
    }

    /** The first job shows what is left out. */
    private String comments(Job job) {
        return job.isFirst() ? Schedule.comments(profile) : "";
    }

    private static String dropIn(String unit) {
        if (!unit.matches("[A-Za-z0-9:_.\\\\@-]+")) {
            throw new IllegalArgumentException("engine.unit \"" + unit + "\": expected the name of a unit");
        }
        return (unit.endsWith(".service") ? unit : unit + ".service") + ".d/veloz-recovery.conf";
    }

    private String journal() {
        return specifiers(profile.stateDirectory().resolve(SwitchJournal.NAME).toString());
    }

    private String service(Job job) {
        List<String> words = job.command(installation.java(), installation.jar());
        String arguments = words.stream().skip(1).map(SystemdUnits::argument).collect(Collectors.joining(" "));
        String command = quoted(words.get(0)) + " " + arguments;
        boolean privateTemporary = !usesTemporary(job);
        String writable =
                writable(job, privateTemporary).stream().map(SystemdUnits::path).collect(Collectors.joining(" "));
        return String.format(
                Locale.ROOT,
                """
                [Unit]
                Description=%s
                Wants=network-online.target
                After=network-online.target
                ConditionPathExists=!%s

                [Service]
                Type=oneshot
                User=%s
                ExecStart=%s
                TimeoutStartSec=%s
                UMask=0077
                LimitCORE=0
                Nice=10
                IOSchedulingClass=idle
                # Reads files of any owner and writes nothing but these directories.
                AmbientCapabilities=CAP_DAC_READ_SEARCH
                CapabilityBoundingSet=CAP_DAC_READ_SEARCH
                ProtectSystem=strict
                ReadWritePaths=%s
                NoNewPrivileges=true
                ProtectHome=read-only
                PrivateTmp=%s
                PrivateDevices=true
                ProtectClock=true
                ProtectHostname=true
                ProtectKernelLogs=true
                ProtectKernelModules=true
                ProtectKernelTunables=true
                ProtectControlGroups=true
                RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
                RestrictNamespaces=true
                RestrictRealtime=true
                RestrictSUIDSGID=true
                LockPersonality=true
                SystemCallArchitectures=native
                """,
                job.description(),
                journal(),
                installation.user(),
                command,
                job.timeout(),
                writable,
                privateTemporary);
    }

    /** A private temporary directory would hide a directory of the profile. */
    private boolean usesTemporary(Job job) {
        return Places.of(profile).usesTemporary()
                || (job.isDrill()
                        && profile.drill()
                                .directory()
                                .filter(Places::isTemporary)
                                .isPresent());
    }

    private List<Path> writable(Job job, boolean privateTemporary) {
        List<Path> paths = new ArrayList<>(List.of(profile.stateDirectory(), installation.metrics()));
        Places.of(profile).archive().ifPresent(paths::add);
        if (job.isDrill()) {
            // A directory of the profile exists, and a drill empties it. The default one is made and removed by the
            // drill.
            profile.drill().directory().ifPresent(paths::add);
            if (profile.drill().directory().isEmpty() && !privateTemporary) {
                paths.add(Objects.requireNonNull(
                        profile.drill().directoryOrDefault().getParent()));
            }
        }
        return paths;
    }

    private static String timer(Job job) {
        return String.format(Locale.ROOT, """
                [Unit]
                Description=%s

                [Timer]
                OnCalendar=%s
                RandomizedDelaySec=%d
                AccuracySec=1s
                Persistent=true

                [Install]
                WantedBy=timers.target
                """, job.description(), job.calendar(), job.delaySeconds());
    }

    private static String specifiers(String text) {
        return text.replace("%", "%%");
    }

    private static String path(Path path) {
        return quoted(path.toString());
    }

    private static String quoted(String text) {
        return '"' + specifiers(text).replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /** A dollar sign begins a variable in an argument, but not in the name of the program. */
    private static String argument(String text) {
        return quoted(text).replace("$", "$$");
    }
}
