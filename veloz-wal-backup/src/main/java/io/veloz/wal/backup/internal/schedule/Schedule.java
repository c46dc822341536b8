package io.veloz.wal.backup.internal.schedule;

import io.veloz.wal.backup.internal.profile.Profile;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Prints how a machine runs the backups of a profile: daily all kinds, every five minutes configuration and secrets, weekly
 * the retention, monthly a drill; and for the archive of the log daily a verification and, with keep.log, the retention. Each method returns the texts of files by their names, and writes nothing. The texts
 * contain paths, never secrets. Stateless.
 */
public final class Schedule {
    private Schedule() {}

    /**
     * Returns a service and a timer for each job, and a drop-in for the engine's unit: it does not start during a recovery.
     *
     * @throws IllegalArgumentException if the profile has no archive, or a path with a control character
     */
    public static Map<String, String> systemd(Profile profile, Installation installation) {
        return new SystemdUnits(profile, installation).files();
    }

    /**
     * Returns a file for {@code /etc/cron.d}.
     *
     * @throws IllegalArgumentException as {@link #systemd}
     */
    public static Map<String, String> cron(Profile profile, Installation installation) {
        return Map.of("veloz-backup", Crontab.text(profile, installation));
    }

    /**
     * Returns a compose file with one service for each job, and the Dockerfile of their image. A timer of the host runs them
     * by {@code docker compose run}.
     *
     * @throws IllegalArgumentException as {@link #systemd}
     */
    public static Map<String, String> compose(Profile profile, Installation installation) {
        return new ComposeFile(profile, installation).files();
    }

    /** Returns the jobs that the texts do not contain, with the reason, one line each. The texts have them as comments. */
    public static List<String> leftOut(Profile profile) {
        return Job.leftOut(profile);
    }

    /** Returns the comment lines about what is left out. */
    static String comments(Profile profile) {
        return Job.leftOut(profile).stream().map(line -> "# " + line + ".\n").collect(Collectors.joining());
    }
}
