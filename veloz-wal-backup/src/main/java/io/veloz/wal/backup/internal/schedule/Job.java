package io.veloz.wal.backup.internal.schedule;

import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.internal.profile.DrillSettings;
import io.veloz.wal.backup.internal.profile.Profile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A command of the tool that runs at intervals. All times are UTC: a local time may not exist, or exist twice.
 *
 * @param name of units, locks and services
 * @param calendar when it runs, for systemd
 * @param delaySeconds at most this much later, so that several machines do not start together
 * @param cron when it runs, for cron
 * @param timeout for systemd
 * @param arguments of the tool
 */
record Job(
        String name,
        String description,
        String calendar,
        int delaySeconds,
        String cron,
        String timeout,
        List<String> arguments) {
    /**
     * All jobs add to one file, in turn. Several files would contain the same series, and the collector would reject them;
     * and an engine reads only one.
     */
    private static final String METRICS = "veloz-backup.prom";

    private static final String BACKUP = "veloz-backup";
    private static final String DRILL = "veloz-backup-drill";
    private static final String LOG_RETENTION = "veloz-archive-retention";

    /** Returns the jobs of a profile. Configuration and secrets have one of their own if the profile has any. */
    static List<Job> of(Profile profile, Installation installation) {
        String uri = Installation.requirePlain(profile.archive()
                .orElseThrow(() ->
                        new IllegalArgumentException(profile.file() + ": archive is missing; a schedule needs it")));
        Installation.requirePlain(profile.file());
        Installation.requirePlain(profile.stateDirectory());
        List<Job> jobs = new ArrayList<>();
        jobs.add(new Job(
                BACKUP,
                "Veloz backup of all kinds",
                "*-*-* 02:15:00 UTC",
                300,
                "15 2 * * *",
                "6h",
                List.of("backup", uri)));
        List<String> trees =
                profile.kinds().stream().filter(Kind::isTree).map(Kind::label).toList();
        if (!trees.isEmpty()) {
            jobs.add(new Job(
                    "veloz-backup-files",
                    "Veloz backup of configuration and secrets",
                    "*-*-* *:00/5:00 UTC",
                    15,
                    "*/5 * * * *",
                    "30min",
                    List.of("backup", uri, "--kinds", String.join(",", trees))));
        }
        jobs.add(new Job(
                "veloz-backup-retention",
                "Veloz retention of backups",
                "Sun *-*-* 03:15:00 UTC",
                600,
                "15 3 * * 0",
                "6h",
                List.of("retention", uri, "--apply")));
        drill(profile, uri).ifPresent(jobs::add);
        List<Job> all = new ArrayList<>(jobs.stream()
                .map(job -> job.withFiles(profile.file(), installation.metrics()))
                .toList());
        all.addAll(ofLog(profile, uri));
        return List.copyOf(all);
    }

    /**
     * Returns the jobs for the archive of the log, which read no profile. The retention follows the verification that it requires, and
     * the retention of the points, whose needs it reads.
     */
    private static List<Job> ofLog(Profile profile, String uri) {
        List<Job> jobs = new ArrayList<>();
        jobs.add(new Job(
                "veloz-archive-verify",
                "Veloz verification of the archive of the log",
                "*-*-* 00:15:00 UTC",
                300,
                "15 0 * * *",
                "6h",
                List.of("verify", uri, "--level", "content", "--incremental", "--record")));
        profile.retention().log().ifPresent(kept -> {
            String days = String.valueOf(kept.plusDays(1).minusNanos(1).toDays());
            jobs.add(new Job(
                    LOG_RETENTION,
                    "Veloz retention of the archive of the log",
                    "*-*-* 05:15:00 UTC",
                    300,
                    "15 5 * * *",
                    "6h",
                    List.of("retention", uri, "--keep-days", days, "--apply")));
        });
        return jobs;
    }

    /** Returns what a schedule of this profile does not run, with the reason, one line each. */
    static List<String> leftOut(Profile profile) {
        List<String> lines = new ArrayList<>();
        if (profile.kinds().stream().noneMatch(Kind::isTree)) {
            lines.add("veloz-backup-files is left out: the profile has neither configuration.roots nor secrets.roots");
        }
        List<String> missing = new ArrayList<>();
        if (profile.drill().key().isEmpty()) {
            missing.add("drill.key");
        }
        if (profile.drill().signer().isEmpty()) {
            missing.add("drill.signer");
        }
        if (!missing.isEmpty()) {
            lines.add(DRILL + " is left out: the profile has no " + String.join(" and no ", missing)
                    + "; run the drill monthly on a machine that has both");
        }
        if (profile.retention().log().isEmpty()) {
            lines.add(LOG_RETENTION + " is left out: the profile has no keep.log, so the archive keeps the whole log");
        }
        return lines;
    }

    /** A drill needs a private key, which a machine that only makes backups does not have. */
    private static Optional<Job> drill(Profile profile, String uri) {
        DrillSettings drill = profile.drill();
        if (drill.key().isEmpty() || drill.signer().isEmpty()) {
            return Optional.empty();
        }
        List<String> arguments = new ArrayList<>(
                List.of("drill", uri, "--directory", drill.directoryOrDefault().toString()));
        arguments.addAll(
                List.of("--key", Installation.requirePlain(drill.key().get()).toString()));
        arguments.addAll(List.of(
                "--signer", Installation.requirePlain(drill.signer().get()).toString()));
        drill.passphraseFile()
                .ifPresent(file -> arguments.addAll(List.of(
                        "--passphrase-file", Installation.requirePlain(file).toString())));
        return Optional.of(new Job(
                DRILL,
                "Veloz drill of a recovery",
                "*-*-01 04:15:00 UTC",
                600,
                "15 4 1 * *",
                "12h",
                List.copyOf(arguments)));
    }

    boolean isFirst() {
        return name.equals(BACKUP);
    }

    boolean isDrill() {
        return name.equals(DRILL);
    }

    private Job withFiles(Path profile, Path metrics) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of("--profile", profile.toString()));
        if (!arguments.contains("retention")) {
            all.addAll(List.of("--metrics-file", metrics.resolve(METRICS).toString()));
        }
        return new Job(name, description, calendar, delaySeconds, cron, timeout, List.copyOf(all));
    }

    /** Returns the whole command, of which no word is a secret. */
    List<String> command(Path java, Path jar) {
        List<String> command = new ArrayList<>(List.of(java.toString(), "-jar", jar.toString()));
        command.addAll(arguments);
        return command;
    }
}
