package io.veloz.wal.backup;

import io.veloz.wal.backup.internal.schedule.Installation;
import io.veloz.wal.backup.internal.schedule.Schedule;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The schedule of the backups, the retention and the drill of a profile, for a machine. Contains paths, never secrets. */
public final class BackupSchedule {
    private final Installation installation;

    /**
     * Creates a schedule for a machine.
     *
     * @param java program that runs the jar
     * @param jar of the tool
     * @param user that the jobs run as. It owns the state directory and is not the engine's
     * @param metrics directory that the node exporter's textfile collector reads
     * @throws IllegalArgumentException if a path is not absolute, or a name cannot be quoted
     */
    public BackupSchedule(Path java, Path jar, String user, Path metrics) {
        this.installation = new Installation(java, jar, user, metrics);
    }

    /**
     * Returns units and timers of systemd, by their file names.
     *
     * @throws IllegalArgumentException if the profile has no archive, or a path with a control character
     */
    public Map<String, String> systemd(BackupProfile profile) {
        return Schedule.systemd(profile.settings(), installation);
    }

    /**
     * Returns a file for {@code /etc/cron.d}, by its name.
     *
     * @throws IllegalArgumentException as {@link #systemd}
     */
    public Map<String, String> cron(BackupProfile profile) {
        return Schedule.cron(profile.settings(), installation);
    }

    /**
     * Returns a compose file and the Dockerfile of its image, by their names.
     *
     * @throws IllegalArgumentException as {@link #systemd}
     */
    public Map<String, String> compose(BackupProfile profile) {
        return Schedule.compose(profile.settings(), installation);
    }

    /** Returns the jobs that the texts do not contain, with the reason, one line each: a drill without its key, for example. */
    public List<String> leftOut(BackupProfile profile) {
        return Schedule.leftOut(profile.settings());
    }
}
