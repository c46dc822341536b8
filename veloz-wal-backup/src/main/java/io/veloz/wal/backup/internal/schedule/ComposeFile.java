package io.veloz.wal.backup.internal.schedule;

import io.veloz.wal.backup.internal.profile.Profile;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * A compose file and a Dockerfile. A service ends with the exit code of its job and is not restarted, so a failure is
 * visible. No service mounts the data directory of PostgreSQL. Immutable.
 */
final class ComposeFile {
    private static final Path JAVA = Path.of("/usr/bin/java");
    private static final Path JAR = Path.of("/opt/veloz/veloz-wal.jar");

    private static final String FIXED = """
                restart: "no"
                user: "${UID:?set the user id}:${GID:?set the group id}"
                network_mode: "host"
                read_only: true
                init: true
                cap_drop:
                  - "ALL"
                security_opt:
                  - "no-new-privileges:true"
                ulimits:
                  core: 0
                tmpfs:
                  - "/tmp"
                volumes:
            """;

    private final Profile profile;
    private final Installation installation;
    private final Places places;

    ComposeFile(Profile profile, Installation installation) {
        this.profile = profile;
        this.installation = installation;
        this.places = Places.of(profile);
    }

    Map<String, String> files() {
        Map<String, String> files = new TreeMap<>();
        files.put("compose.yaml", compose());
        files.put("Dockerfile", dockerfile());
        return files;
    }

    /** A client that is older than the server refuses to dump, so its version is that of the server. */
    private String dockerfile() {
        return String.format(
                Locale.ROOT, """
                # Build with the jar's directory as context: the compose file does.
                ARG POSTGRES_MAJOR
                FROM postgres:${POSTGRES_MAJOR}-bookworm
                RUN apt-get update \\
                    && apt-get install -y --no-install-recommends openjdk-17-jre-headless \\
                    && rm -rf /var/lib/apt/lists/*
                COPY [%s, "/opt/veloz/veloz-wal.jar"]
                ENV TZ=UTC
                ENTRYPOINT []
                """, json(String.valueOf(installation.jar().getFileName())));
    }

    private String compose() {
        StringBuilder yaml = new StringBuilder("""
                # A timer of the host runs a service: docker compose run --rm veloz-backup
                # UID and GID are those of the user that owns the state directory; POSTGRES_MAJOR is that of the server.
                """);
        yaml.append(Schedule.comments(profile)).append("""
                name: "veloz-backup"
                services:
                """);
        for (Job job : Job.of(profile, installation)) {
            yaml.append(service(job));
        }
        yaml.append("secrets:\n");
        places.secret()
                .forEach((name, file) -> yaml.append("  ")
                        .append(name)
                        .append(":\n    file: ")
                        .append(scalar(file))
                        .append('\n'));
        return yaml.toString();
    }

    private String service(Job job) {
        StringBuilder yaml = new StringBuilder("  " + job.name() + ":\n");
        yaml.append("    # UTC: ").append(job.calendar()).append('\n');
        yaml.append("    image: \"veloz-backup:${POSTGRES_MAJOR:?set the major version of the server}\"\n");
        yaml.append("    build:\n      context: ")
                .append(scalar(installation.jarDirectory()))
                .append('\n');
        yaml.append(
                "      args:\n        POSTGRES_MAJOR: \"${POSTGRES_MAJOR:?set the major version of the server}\"\n");
        yaml.append("    command:\n");
        job.command(JAVA, JAR)
                .forEach(word -> yaml.append("      - ").append(scalar(word)).append('\n'));
        yaml.append(FIXED);
        places.read().forEach(path -> yaml.append(bind(path, true)));
        yaml.append(bind(profile.stateDirectory(), false)).append(bind(installation.metrics(), false));
        places.archive().ifPresent(path -> yaml.append(bind(path, false)));
        if (job.isDrill()) {
            yaml.append(profile.drill()
                    .directory()
                    .map(path -> bind(path, false))
                    .orElseGet(() -> "      - type: \"volume\"\n        target: "
                            + scalar(Objects.requireNonNull(
                                    profile.drill().directoryOrDefault().getParent()))
                            + "\n"));
        }
        yaml.append("    secrets:\n");
        places.secretsOf(job)
                .forEach((name, file) -> yaml.append("      - source: ")
                        .append(json(name))
                        .append("\n        target: ")
                        .append(scalar(file))
                        .append('\n'));
        return yaml.toString();
    }

    /** The long form: a path with a colon would end the short one. A missing source is an error, not an empty directory. */
    private static String bind(Path path, boolean readOnly) {
        return "      - type: \"bind\"\n        source: " + scalar(path) + "\n        target: " + scalar(path)
                + "\n        read_only: " + readOnly + "\n        bind:\n          create_host_path: false\n";
    }

    private static String scalar(Path path) {
        return scalar(path.toString());
    }

    /** Compose replaces variables in each string: a dollar sign is doubled. */
    private static String scalar(String text) {
        return json(text).replace("$", "$$");
    }

    /** A string of JSON is one of YAML, too. */
    private static String json(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
