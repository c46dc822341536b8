package io.veloz.wal.backup.internal.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.TestKeys;
import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScheduleTest {
    /** A blank, a percent sign, a dollar sign, quotes: each is special in one of the three formats at least. */
    private static final String ODD = "o dd%h $HOME 'q' \"d\" c:d";

    @TempDir
    Path temp;

    private Path dir;
    private Profile profile;
    private Installation installation;

    @BeforeEach
    void write() throws IOException {
        dir = Files.createDirectories(temp.resolve(ODD));
        profile = profile("engine.unit = veloz.service\nlog.directory = wal\n");
        installation = new Installation(java(), dir.resolve("veloz wal.jar"), "veloz-backup", dir.resolve("metrics"));
    }

    private Profile profile(String more) throws IOException {
        Path file = dir.resolve("backup.properties");
        Files.createDirectories(dir.resolve("state"));
        Files.createDirectories(dir.resolve("metrics"));
        Files.writeString(
                file,
                "archive = s3://bucket/orders\ndrill.key = drill.key\ndrill.signer = signer.asc\nstate.directory = state\n"
                        + "configuration.roots = etc\nsecrets.roots = secrets\n"
                        + "database.name = veloz\ndatabase.password-file = pgpass\n" + more
                        + new TestKeys(dir.resolve("keys")).profileLines());
        return Profile.read(file);
    }

    /** Prints its arguments, one a line, into the file next to it. */
    private Path java() throws IOException {
        Path java = Files.createDirectories(temp.resolve("o dd%h $HOME c:d")).resolve("java");
        Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$(dirname \"$0\")/arguments\"\nexit 5\n");
        return Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Result(int exit, String out, String err) {}

    private Result run(List<String> command) throws IOException, InterruptedException {
        Path out = temp.resolve("out");
        Path err = temp.resolve("err");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        return new Result(process.waitFor(), Files.readString(out), Files.readString(err));
    }

    private List<String> expected(String job, String... words) {
        List<String> all = new ArrayList<>(List.of("-jar", installation.jar().toString()));
        all.addAll(List.of(words));
        all.addAll(List.of("--profile", profile.file().toString()));
        if (!job.endsWith("retention")) {
            all.addAll(List.of(
                    "--metrics-file",
                    installation.metrics().resolve("veloz-backup.prom").toString()));
        }
        return all;
    }

    private static final String KEEPS_ALL =
            "veloz-archive-retention is left out: the profile has no keep.log, so the archive keeps the whole log";

    private static final List<String> VERIFY =
            List.of("verify", "s3://bucket/orders", "--level", "content", "--incremental", "--record");

    /** A job of the archive of the log, which reads no profile. */
    private List<String> expectedOfLog(List<String> words) {
        List<String> all = new ArrayList<>(List.of("-jar", installation.jar().toString()));
        all.addAll(words);
        return all;
    }

    private List<String> drill() {
        return expected(
                "veloz-backup-drill",
                "drill",
                "s3://bucket/orders",
                "--directory",
                "/var/tmp/veloz-drill",
                "--key",
                dir.resolve("drill.key").toString(),
                "--signer",
                dir.resolve("signer.asc").toString());
    }

    private Profile profileWithout(String... lines) throws IOException {
        Path file = dir.resolve("backup.properties");
        String text = Files.readString(file);
        for (String line : lines) {
            assertThat(text).contains(line + "\n");
            text = text.replace(line + "\n", "");
        }
        Files.writeString(file, text);
        return Profile.read(file);
    }

    @Test
    void drillIsScheduledOnlyWhereItsKeyIs() throws IOException {
        assertThat(Schedule.leftOut(profile)).containsExactly(KEEPS_ALL);
        Profile without = profileWithout("drill.key = drill.key");
        assertThat(Schedule.systemd(without, installation))
                .doesNotContainKeys("veloz-backup-drill.service", "veloz-backup-drill.timer")
                .containsKey("veloz-backup.timer");
        assertThat(Schedule.leftOut(without))
                .containsExactly(
                        "veloz-backup-drill is left out: the profile has no drill.key; run the drill monthly on a"
                                + " machine that has both",
                        KEEPS_ALL);
    }

    @Test
    void retentionOfTheLogIsScheduledWithTheDaysOfTheProfile() throws IOException, InterruptedException {
        Profile bounded = profile("keep.log = 1000h\n");
        assertThat(Schedule.leftOut(bounded)).isEmpty();
        Map<String, String> units = Schedule.systemd(bounded, installation);
        List<String> words = words(
                value(units.get("veloz-archive-retention.service"), "ExecStart").replace("$$", "$"));
        assertThat(words.subList(1, words.size()))
                .isEqualTo(expectedOfLog(List.of("retention", "s3://bucket/orders", "--keep-days", "42", "--apply")));
        assertThat(value(units.get("veloz-archive-retention.timer"), "OnCalendar"))
                .as("after the verification and the retention of the points")
                .isEqualTo("*-*-* 05:15:00 UTC");
        assertThat(verify(units)).isEqualTo(new Result(0, "", ""));
    }

    @Test
    void jobsThatAreLeftOutAreCommentsOfTheTexts() throws IOException, InterruptedException {
        Profile without = profileWithout(
                "drill.key = drill.key",
                "drill.signer = signer.asc",
                "configuration.roots = etc",
                "secrets.roots = secrets");
        String drill = "# veloz-backup-drill is left out: the profile has no drill.key and no drill.signer; ";
        String files =
                "# veloz-backup-files is left out: the profile has neither configuration.roots nor secrets.roots.\n";
        Map<String, String> units = Schedule.systemd(without, installation);
        assertThat(units.get("veloz-backup.service")).startsWith(files + drill);
        assertThat(units.get("veloz-backup-retention.service")).startsWith("[Unit]");
        assertThat(verify(units)).isEqualTo(new Result(0, "", ""));
        String crontab = Schedule.cron(without, installation).get("veloz-backup");
        assertThat(crontab).contains("\n" + files + drill);
        assertThat(cronLines(crontab)).hasSize(3);
        String compose = Schedule.compose(without, installation).get("compose.yaml");
        assertThat(compose).contains("\n" + files + drill);
        assertThat(map(StrictYaml.read(compose).get("services"))).hasSize(3);
    }

    @Test
    void allJobsAddToOneMetricsFile() {
        String crontab = Schedule.cron(profile, installation).get("veloz-backup");
        Pattern file = Pattern.compile("--metrics-file \\S.*?/([a-z-]+\\.prom)");
        List<String> names =
                file.matcher(crontab).results().map(match -> match.group(1)).toList();
        assertThat(names).hasSize(3).containsOnly("veloz-backup.prom");
    }

    // ---- systemd

    private Result verify(Map<String, String> units) throws IOException, InterruptedException {
        Path program = Path.of("/usr/bin/systemd-analyze");
        Assumptions.assumeTrue(Files.isExecutable(program), "install systemd");
        Path directory = Files.createDirectories(temp.resolve("units"));
        List<String> command = new ArrayList<>(List.of(program.toString(), "verify", "--man=no"));
        for (Map.Entry<String, String> unit : units.entrySet()) {
            Path file = directory.resolve(unit.getKey());
            Files.createDirectories(file.getParent());
            Files.writeString(file, unit.getValue());
            if (!unit.getKey().contains("/")) {
                command.add(file.toString());
            }
        }
        Path engine = Files.writeString(directory.resolve("veloz.service"), "[Service]\nExecStart=/bin/true\n");
        command.add(engine.toString());
        return run(command);
    }

    @Test
    void unitsAreVerifiedWithoutAWarning() throws IOException, InterruptedException {
        Map<String, String> units = Schedule.systemd(profile, installation);
        assertThat(units)
                .containsOnlyKeys(
                        "veloz-backup.service",
                        "veloz-backup.timer",
                        "veloz-backup-files.service",
                        "veloz-backup-files.timer",
                        "veloz-backup-retention.service",
                        "veloz-backup-retention.timer",
                        "veloz-backup-drill.service",
                        "veloz-backup-drill.timer",
                        "veloz-archive-verify.service",
                        "veloz-archive-verify.timer",
                        "veloz.service.d/veloz-recovery.conf");
        assertThat(verify(units)).isEqualTo(new Result(0, "", ""));
    }

    @Test
    void unknownKeyFailsTheVerification() throws IOException, InterruptedException {
        Map<String, String> units = new java.util.TreeMap<>(Schedule.systemd(profile, installation));
        units.put("veloz.service.d/veloz-recovery.conf", "[Unit]\nConditionPathExist=!/x\n");
        assertThat(verify(units).err()).contains("Unknown key 'ConditionPathExist'");
    }

    @Test
    void commandOfAUnitKeepsOddCharacters() {
        String unit = Schedule.systemd(profile, installation).get("veloz-backup-files.service");
        assertThat(words(value(unit, "ExecStart").replace("$$", "$")))
                .first()
                .isEqualTo(installation.java().toString());
        List<String> words = words(value(unit, "ExecStart").replace("$$", "$"));
        assertThat(words.subList(1, words.size()))
                .isEqualTo(expected(
                        "veloz-backup-files", "backup", "s3://bucket/orders", "--kinds", "configuration,secrets"));
        assertThat(words(value(unit, "ReadWritePaths")))
                .containsExactly(
                        profile.stateDirectory().toString(),
                        installation.metrics().toString());
    }

    @Test
    void unitOfTheDrillMayWriteTheDirectoryOfTheDrill() throws IOException, InterruptedException {
        Map<String, String> byDefault = Schedule.systemd(profile, installation);
        Map<String, String> units = Schedule.systemd(profile("drill.directory = /var/tmp/o dd%h\n"), installation);
        String drill = units.get("veloz-backup-drill.service");
        assertThat(words(value(drill, "ReadWritePaths"))).endsWith("/var/tmp/o dd%h");
        assertThat(value(drill, "PrivateTmp")).isEqualTo("false");
        assertThat(words(value(units.get("veloz-backup.service"), "ReadWritePaths")))
                .doesNotContain("/var/tmp/o dd%h");
        assertThat(verify(units)).isEqualTo(new Result(0, "", ""));
        assertThat(verify(byDefault)).isEqualTo(new Result(0, "", ""));
    }

    private static String value(String unit, String key) {
        return unit.lines()
                .filter(line -> line.startsWith(key + "="))
                .map(line -> line.substring(key.length() + 1))
                .findFirst()
                .orElseThrow();
    }

    /** Reads words of systemd: all of ours are in double quotes. */
    private static List<String> words(String line) {
        Matcher matcher = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\" ?").matcher(line);
        List<String> words = new ArrayList<>();
        int end = 0;
        while (matcher.find()) {
            assertThat(matcher.start()).isEqualTo(end);
            end = matcher.end();
            words.add(matcher.group(1).replaceAll("\\\\(.)", "$1").replace("%%", "%"));
        }
        assertThat(end).isEqualTo(line.length());
        return words;
    }

    @Test
    void timersRunInUtcAndCatchUp() throws IOException, InterruptedException {
        Map<String, String> units = Schedule.systemd(profile, installation);
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "install systemd");
        for (Map.Entry<String, String> unit : units.entrySet()) {
            if (unit.getKey().endsWith(".timer")) {
                assertThat(unit.getValue()).contains("Persistent=true").contains("RandomizedDelaySec=");
                String calendar = value(unit.getValue(), "OnCalendar");
                assertThat(calendar).endsWith(" UTC");
                assertThat(run(List.of("/usr/bin/systemd-analyze", "calendar", calendar))
                                .exit())
                        .isZero();
            }
        }
    }

    @Test
    void engineDoesNotStartDuringARecovery() {
        assertThat(value(
                        Schedule.systemd(profile, installation).get("veloz.service.d/veloz-recovery.conf"),
                        "ConditionPathExists"))
                .isEqualTo("!"
                        + profile.stateDirectory()
                                .resolve("recovery.journal")
                                .toString()
                                .replace("%", "%%"));
    }

    // ---- cron

    private record CronLine(List<String> fields, String user, String command) {}

    /** Reads lines as cron does: five fields, a user, a command that ends at a percent sign without a backslash. */
    private static List<CronLine> cronLines(String text) {
        assertThat(text).endsWith("\n");
        List<CronLine> lines = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("#") || line.matches("[A-Z_]+=\\S+")) {
                continue;
            }
            String[] parts = line.split(" ", 7);
            assertThat(parts).hasSize(7);
            for (int i = 0; i < 5; i++) {
                assertThat(parts[i]).matches("\\*|\\*/[0-9]+|[0-9]+");
            }
            assertThat(line).doesNotContainPattern("(?<!\\\\)%");
            lines.add(new CronLine(List.of(parts).subList(0, 5), parts[5], parts[6].replace("\\%", "%")));
        }
        return lines;
    }

    @Test
    void crontabRunsEachCommandWithItsArguments() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/flock")), "install util-linux");
        String text = Schedule.cron(profile, installation).get("veloz-backup");
        List<CronLine> lines = cronLines(text);
        assertThat(text).contains("CRON_TZ=UTC\n");
        assertThat(lines)
                .extracting(line -> String.join(" ", line.fields()))
                .containsExactly("15 2 * * *", "*/5 * * * *", "15 3 * * 0", "15 4 1 * *", "15 0 * * *");
        assertThat(lines).extracting(CronLine::user).containsOnly("veloz-backup");
        List<List<String>> expected = List.of(
                expected("veloz-backup", "backup", "s3://bucket/orders"),
                expected("veloz-backup-files", "backup", "s3://bucket/orders", "--kinds", "configuration,secrets"),
                expected("veloz-backup-retention", "retention", "s3://bucket/orders", "--apply"),
                drill(),
                expectedOfLog(VERIFY));
        for (int i = 0; i < lines.size(); i++) {
            Result result = run(List.of("/bin/sh", "-c", lines.get(i).command()));
            assertThat(result).as(lines.get(i).command()).isEqualTo(new Result(5, "", ""));
            assertThat(Files.readAllLines(installation.java().resolveSibling("arguments")))
                    .isEqualTo(expected.get(i));
        }
    }

    @Test
    void crontabRunsNothingDuringARecovery() throws IOException, InterruptedException {
        Files.writeString(profile.stateDirectory().resolve("recovery.journal"), "");
        for (CronLine line : cronLines(Schedule.cron(profile, installation).get("veloz-backup"))) {
            assertThat(run(List.of("/bin/sh", "-c", line.command()))).isEqualTo(new Result(0, "", ""));
        }
        assertThat(installation.java().resolveSibling("arguments")).doesNotExist();
    }

    // ---- compose

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    @Test
    void composeFileHasOneServiceForEachJob() {
        Map<String, Object> compose =
                StrictYaml.read(Schedule.compose(profile, installation).get("compose.yaml"));
        Map<String, Object> services = map(compose.get("services"));
        assertThat(services)
                .containsOnlyKeys(
                        "veloz-backup",
                        "veloz-backup-files",
                        "veloz-backup-retention",
                        "veloz-backup-drill",
                        "veloz-archive-verify");
        for (Object service : services.values()) {
            assertThat(map(service)).containsEntry("restart", "no").containsEntry("read_only", true);
            assertThat(map(service)).doesNotContainKeys("environment", "env_file", "privileged");
        }
        List<String> command = new ArrayList<>(List.of("/usr/bin/java", "-jar", "/opt/veloz/veloz-wal.jar"));
        List<String> words = drill();
        command.addAll(words.subList(2, words.size()));
        assertThat(map(services.get("veloz-backup-drill")).get("command"))
                .isEqualTo(command.stream().map(word -> word.replace("$", "$$")).toList());
    }

    @Test
    void composeFileMountsPathsReadOnlyAndPasswordsAsSecrets() {
        Map<String, Object> compose =
                StrictYaml.read(Schedule.compose(profile, installation).get("compose.yaml"));
        Map<String, Object> service = map(map(compose.get("services")).get("veloz-backup"));
        List<String> writable = new ArrayList<>();
        for (Object volume : (List<?>) service.get("volumes")) {
            assertThat(map(volume)).containsEntry("type", "bind");
            assertThat(map(volume).get("source")).isEqualTo(map(volume).get("target"));
            if (!Boolean.TRUE.equals(map(volume).get("read_only"))) {
                writable.add(map(volume).get("target").toString().replace("$$", "$"));
            }
        }
        assertThat(writable)
                .containsExactly(
                        profile.stateDirectory().toString(),
                        installation.metrics().toString());
        assertThat(map(map(compose.get("secrets")).get("database-password")).get("file"))
                .isEqualTo(dir.resolve("pgpass").toString().replace("$", "$$"));
        assertThat(map(compose.get("secrets"))).containsOnlyKeys("database-password", "signer-key", "drill-key");
        assertThat(secretsOf(service)).containsExactly("database-password", "signer-key");
    }

    private static List<String> secretsOf(Map<String, Object> service) {
        return ((List<?>) service.get("secrets"))
                .stream()
                        .map(secret -> String.valueOf(map(secret).get("source")))
                        .toList();
    }

    @Test
    void onlyTheDrillHasTheKeyThatDecryptsAndAVolumeOfItsOwn() {
        Map<String, Object> services =
                map(StrictYaml.read(Schedule.compose(profile, installation).get("compose.yaml"))
                        .get("services"));
        services.forEach((name, service) -> {
            boolean drill = name.equals("veloz-backup-drill");
            assertThat(secretsOf(map(service)).contains("drill-key")).as(name).isEqualTo(drill);
            assertThat(((List<?>) map(service).get("volumes")).contains(Map.of("type", "volume", "target", "/var/tmp")))
                    .as(name)
                    .isEqualTo(drill);
        });
    }

    @Test
    void directoryOfTheDrillIsWritableInItsUnit() {
        Map<String, String> units = Schedule.systemd(profile, installation);
        assertThat(value(units.get("veloz-backup-drill.service"), "ReadWritePaths")
                        .contains("\"/var/tmp\""))
                .as("the paths of the profile are in /tmp, so a private one would hide them")
                .isEqualTo(dir.startsWith("/tmp"));
        assertThat(value(units.get("veloz-backup-drill.service"), "PrivateTmp"))
                .isEqualTo(String.valueOf(!dir.startsWith("/tmp")));
        assertThat(value(units.get("veloz-backup.service"), "ReadWritePaths")).doesNotContain("/var/tmp\"");
    }

    @Test
    void composeFileMountsNoDataDirectoryAndTheImageHasTheClientOfTheServer() {
        Map<String, String> files = Schedule.compose(profile, installation);
        assertThat(files.get("compose.yaml"))
                .doesNotContain("/var/lib/postgresql")
                .doesNotContain("PGPASSWORD");
        assertThat(files.get("Dockerfile"))
                .contains("FROM postgres:${POSTGRES_MAJOR}-bookworm")
                .contains("COPY [\"veloz wal.jar\", \"/opt/veloz/veloz-wal.jar\"]");
    }

    @Test
    void foreignReaderReadsTheSameComposeFile() throws IOException, InterruptedException {
        Path python = Path.of("/usr/bin/python3");
        Assumptions.assumeTrue(
                Files.isExecutable(python)
                        && run(List.of(python.toString(), "-c", "import yaml")).exit() == 0,
                "install python3-yaml");
        String text = Schedule.compose(profile, installation).get("compose.yaml");
        Path file = Files.writeString(temp.resolve("compose.yaml"), text);
        Path own = Files.writeString(temp.resolve("own"), StrictYaml.read(text).toString());
        String script = "import sys, yaml\n"
                + "def show(v):\n"
                + "    if isinstance(v, dict): return '{' + ', '.join(k + '=' + show(x) for k, x in v.items()) + '}'\n"
                + "    if isinstance(v, list): return '[' + ', '.join(show(x) for x in v) + ']'\n"
                + "    return str(v).lower() if isinstance(v, bool) else str(v)\n"
                + "sys.stdout.write(show(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))\n";
        Result result = run(List.of(python.toString(), "-c", script, file.toString()));
        assertThat(result.out()).isEqualTo(Files.readString(own));
    }

    // ---- refused

    @Test
    void profileWithoutAnArchiveIsRefused() throws IOException {
        Path file = profile.file();
        Files.writeString(file, Files.readString(file).replace("archive = s3://bucket/orders\n", ""));
        Profile without = Profile.read(file);
        assertThatThrownBy(() -> Schedule.cron(without, installation))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("archive is missing; a schedule needs it");
    }

    @Test
    void namesThatCannotBeQuotedAreRefused() {
        Path jar = installation.jar();
        assertThatThrownBy(() -> new Installation(Path.of("/a\nb"), jar, "veloz", dir))
                .hasMessageContaining("control character");
        assertThatThrownBy(() -> new Installation(Path.of("java"), jar, "veloz", dir))
                .hasMessageContaining("\"java\": expected an absolute path");
        assertThatThrownBy(() -> new Installation(Path.of("/a'b/java"), jar, "veloz", dir))
                .hasMessageContaining("systemd does not start a program whose path has quotes or backslashes");
        assertThatThrownBy(() -> new Installation(installation.java(), jar, "root x", dir))
                .hasMessageContaining("user \"root x\": expected the name of a system user");
    }
}
