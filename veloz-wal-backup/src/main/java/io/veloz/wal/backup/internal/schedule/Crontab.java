package io.veloz.wal.backup.internal.schedule;

import io.veloz.wal.backup.internal.place.SwitchJournal;
import io.veloz.wal.backup.internal.profile.Profile;
import java.util.stream.Collectors;

/** A file for {@code /etc/cron.d}. Stateless. */
final class Crontab {
    private Crontab() {}

    static String text(Profile profile, Installation installation) {
        StringBuilder text = new StringBuilder("""
                # Times are UTC. Cronie reads CRON_TZ; Debian's cron ignores it: set the zone of that machine to UTC.
                CRON_TZ=UTC
                SHELL=/bin/sh
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
                """);
        text.append(Schedule.comments(profile));
        String journal =
                word(profile.stateDirectory().resolve(SwitchJournal.NAME).toString());
        for (Job job : Job.of(profile, installation)) {
            String lock =
                    word(profile.stateDirectory().resolve(job.name() + ".lock").toString());
            String command = job.command(installation.java(), installation.jar()).stream()
                    .map(Crontab::word)
                    .collect(Collectors.joining(" "));
            text.append(job.cron()).append(' ').append(installation.user()).append(' ');
            text.append(
                    line("umask 077; ulimit -c 0; test -e " + journal + " || exec flock -n " + lock + " " + command));
        }
        return text.toString();
    }

    /** Cron ends a command at a percent sign. */
    private static String line(String command) {
        return command.replace("%", "\\%") + "\n";
    }

    /** Quotes a word for the shell. */
    private static String word(String text) {
        return text.matches("[A-Za-z0-9_./:,=-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }
}
