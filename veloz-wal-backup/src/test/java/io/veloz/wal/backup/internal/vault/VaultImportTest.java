package io.veloz.wal.backup.internal.vault;

import static io.veloz.wal.backup.internal.vault.VaultSamples.MARKER;
import static io.veloz.wal.backup.internal.vault.VaultSamples.ONCE;
import static io.veloz.wal.backup.internal.vault.VaultSamples.emptyServer;
import static io.veloz.wal.backup.internal.vault.VaultSamples.export;
import static io.veloz.wal.backup.internal.vault.VaultSamples.fill;
import static io.veloz.wal.backup.internal.vault.VaultSamples.in;
import static io.veloz.wal.backup.internal.vault.VaultSamples.put;
import static io.veloz.wal.backup.internal.vault.VaultSamples.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.Cuts;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.vault.VaultClient.Patience;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaultImportTest {
    @TempDir
    Path dir;

    private VaultServer target;
    private byte[] export;

    @BeforeEach
    void start() throws IOException {
        try (VaultServer source = VaultServer.start()) {
            fill(source);
            export = export(settings(source.address(), dir, 0, "secret/veloz", "old"));
        }
        target = emptyServer();
    }

    @AfterEach
    void stop() {
        target.close();
    }

    private VaultImport anImport(Patience patience) throws IOException {
        return new VaultImport(settings(target.address(), dir, 0, "secret/veloz", "old"), patience);
    }

    private VaultPlan write() throws IOException {
        return anImport(ONCE).write(in(export));
    }

    /** Removes what an import does not keep: times, and versions that are destroyed in one and dropped in the other. */
    private static String histories(byte[] export) {
        return new String(export, StandardCharsets.UTF_8)
                .replaceAll(",\"times\":\\{[^}]*}", "")
                .replaceAll("\\{\"state\":\"destroyed\",\"version\":[0-9]+},?", "");
    }

    private void assertRefused(Reason reason, String message) {
        String before = target.dump();
        assertThatThrownBy(this::write)
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message)
                .hasMessageNotContaining(MARKER)
                .hasNoCause();
        assertThat(target.dump()).isEqualTo(before);
    }

    @Test
    void emptyServerGetsEveryHistory() throws IOException {
        VaultPlan plan = write();
        assertThat(plan.missing()).hasSize(14);
        assertThat(plan.equal()).isEmpty();
        assertThat(histories(export(settings(target.address(), dir, 0, "secret/veloz", "old"))))
                .isEqualTo(histories(export));
    }

    @Test
    void versionNumbersAreKeptByFillingAndDestroying() throws IOException {
        write();
        assertThat(target.dump())
                .contains("secret veloz/rotated 5 ")
                .containsPattern("3 destroyed \\{\"data\":null}\n  4 live \\{\"data\":\\{\"n\":4}}\n  5 live");
    }

    @Test
    void deletedVersionExplainsAnUndelete() throws IOException {
        write();
        target.send("POST", "secret/undelete/veloz/gone", "{\"versions\":[1]}");
        assertThat(target.send("GET", "secret/data/veloz/gone", "")).contains("is not in the backup");
    }

    @Test
    void historyLongerThanTheServersLimitIsKept() throws IOException {
        try (VaultServer source = emptyServer()) {
            source.defaultMaxVersions(30);
            for (int i = 1; i <= 25; i++) {
                put(source, "secret/data/veloz/long", "{\"n\":" + i + "}");
            }
            export = export(settings(source.address(), dir, 0, "secret/veloz"));
        }
        write();
        assertThat(target.dump()).contains("1 live {\"data\":{\"n\":1}}").contains("25 live {\"data\":{\"n\":25}}");
    }

    @Test
    void secondImportSkipsEverything() throws IOException {
        write();
        target.recover();
        VaultPlan plan = write();
        assertThat(plan.equal()).hasSize(14);
        assertThat(plan.missing()).isEmpty();
        assertThat(target.requests()).extracting(VaultServer.Request::method).containsOnly("GET");
    }

    @Test
    void planWritesNothing() throws IOException {
        put(target, "secret/data/veloz/gone", "{\"x\":\"" + MARKER + "\"}");
        String before = target.dump();
        target.recover();
        VaultPlan plan = anImport(ONCE).plan(in(export));
        assertThat(target.dump()).isEqualTo(before);
        assertThat(target.requests()).extracting(VaultServer.Request::method).containsOnly("GET");
        assertThat(plan.missing()).hasSize(13);
        assertThat(plan.different())
                .containsOnlyKeys("secret/veloz/gone")
                .containsValue(java.util.List.of("version 1 is live, expected deleted"));
        assertThat(plan.toString()).doesNotContain(MARKER);
    }

    @Test
    void onePathWithAnotherHistoryRefusesTheImportBeforeTheFirstWrite() throws IOException {
        put(target, "secret/data/veloz/rotated", "{\"n\":\"" + MARKER + "\"}");
        assertRefused(
                Reason.VAULT_DIFFERS,
                "1 paths have another history than the export, nothing was written: secret/veloz/rotated (current version"
                        + " is 1, expected 5");
    }

    @Test
    void differenceNamesFieldsAndSettings() throws IOException {
        write();
        put(target, "secret/data/veloz/api/below", "{\"y\":\"" + MARKER + "\"}");
        target.send("POST", "secret/metadata/veloz/planned", "{\"max_versions\":4}");
        target.send("POST", "old/team/key", "{\"k\":1.5,\"extra\":\"" + MARKER + "\"}");
        assertRefused(Reason.VAULT_DIFFERS, "old/team/key (extra is not in the export, k differs, ttl is missing)");
        assertRefused(Reason.VAULT_DIFFERS, "secret/veloz/planned (max_versions differs)");
        assertRefused(Reason.VAULT_DIFFERS, "secret/veloz/api/below (current version is 2, expected 1)");
    }

    @Test
    void versionsThatExpireAreReported() throws IOException {
        try (VaultServer source = emptyServer()) {
            source.send("POST", "secret/metadata/veloz/short", "{\"delete_version_after\":\"3h0m0s\"}");
            put(source, "secret/data/veloz/short", "{\"x\":\"1\"}");
            export = export(settings(source.address(), dir, 0, "secret/veloz"));
        }
        assertThat(write().expiring()).containsExactly("secret/veloz/short");
    }

    @Test
    void mountOfTheOtherVersionIsRefused() {
        target.mount("old", 2);
        assertRefused(Reason.PLACE_UNUSABLE, "old is KV version 2; expected 1");
    }

    @Test
    void missingMountIsRefused() throws IOException {
        target.close();
        target = VaultServer.start().mount("old", 1);
        assertRefused(Reason.PLACE_UNUSABLE, "the server has no such route (HTTP status 404); check the mount");
    }

    @Test
    void deniedPreflightDoesNotStopAnImport() throws IOException {
        target.deny(request -> request.rawPath().startsWith("/v1/sys/"));
        write();
        target.recover();
        assertThat(write().equal()).hasSize(14);
    }

    @Test
    void deniedReadIsRefused() {
        target.deny(request -> request.rawPath().contains("rotated"));
        assertRefused(Reason.VAULT_DENIED, "GET secret/metadata/veloz/rotated: denied (HTTP status 403)");
    }

    @Test
    void sealedServerIsRefused() {
        target.answer(503, "{\"errors\":[\"Vault is sealed\"]}");
        assertRefused(Reason.VAULT_SEALED, "the server is sealed");
    }

    @Test
    void pathThatAnotherClientWritesMeanwhileIsNotOverwritten() throws IOException {
        interfere(request -> request.rawPath().endsWith("/data/veloz/api/below"));
        assertThatThrownBy(this::write)
                .isInstanceOfSatisfying(
                        RecoveryException.class, e -> assertThat(e.reason()).isEqualTo(Reason.VAULT_DIFFERS))
                .hasMessageContaining(
                        "secret/veloz/api/below changed during the import: version 1 was written by another client");
        assertThat(target.dump()).contains("veloz/api/below 1 ").contains("{\"foreign\":\"1\"}");
    }

    private void interfere(Predicate<VaultServer.Request> at) {
        target.deny(request -> {
            if (request.method().equals("POST") && at.test(request)) {
                try {
                    put(target, request.rawPath().substring("/v1/".length()), "{\"foreign\":\"1\"}");
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
            return false;
        });
    }

    // ---- the export's file

    private void assertDamaged(String content, String message) {
        export = content.getBytes(StandardCharsets.UTF_8);
        assertRefused(Reason.DAMAGED, message);
        assertThat(target.requests()).isEmpty();
    }

    @Test
    void exportThatIsCutAtAnyLineIsRefused() {
        String[] lines = new String(export, StandardCharsets.UTF_8).split("\n");
        StringBuilder cut = new StringBuilder();
        for (String line : lines) {
            assertDamaged(cut.toString(), "the last line is missing");
            assertDamaged(cut + line.substring(0, line.length() / 2), "line ");
            cut.append(line).append('\n');
        }
    }

    @Test
    void exportWithForeignContentIsRefused() {
        String text = new String(export, StandardCharsets.UTF_8);
        assertDamaged("", "line 1: the last line is missing");
        assertDamaged("{}\n", "line 1: the first line is not the header");
        assertDamaged(MARKER, "line 1: not JSON at byte");
        assertDamaged("[\"" + MARKER + "\"]", "line 1: not one JSON object");
        assertDamaged(text.replace("\"version\":1}\n", "\"version\":2}\n"), "line 1: format version 2; expected 1");
        assertDamaged(text + "{}\n", "lines after the last one");
        assertDamaged(text.replace("\"secrets\":14", "\"secrets\":15"), "14 secrets; expected 15");
        assertDamaged(text.replace("veloz/gone", "veloz/../gone"), "not a secret");
        assertDamaged(text.replace("veloz/gone", "veloz/api"), "a path that an earlier line has");
        assertDamaged(text.replace("\"kv\":2", "\"kv\":3"), "not a secret");
        assertDamaged(text.replace("\"current\":5", "\"current\":4"), "version 5 of 4 is not valid");
        assertDamaged(text.replace("\"current\":5", "\"current\":99999999"), "current version 99999999 is not valid");
        assertDamaged(text.replace("\"state\":\"deleted\"", "\"state\":\"live\""), "neither live with data");
    }

    // ---- faults

    @Test
    void importThatIsCutAtAnyRequestIsFinishedByTheNextOne() throws IOException {
        write();
        String whole = target.dump();
        int requests = target.requests().size();
        int firstWrite = firstWrite();
        assertThat(requests - firstWrite).isGreaterThan(40);
        for (VaultServer.Failure how : VaultServer.Failure.values()) {
            // The client treats a cut connection as it does an error: a sample of those is enough.
            int step = how == VaultServer.Failure.CUT_BEFORE || how == VaultServer.Failure.CUT_AFTER ? 7 : Cuts.step();
            // Until the first write all requests read, and a cut at any of them leaves the same server.
            for (int number = step == 7 ? 1 : firstWrite - 4 + Cuts.first(); number <= requests; number += step) {
                target.close();
                target = emptyServer();
                target.failFrom(number, how);
                assertThatThrownBy(this::write)
                        .as("request %s, %s", number, how)
                        .isInstanceOf(IOException.class)
                        .hasMessageNotContaining(MARKER);
                target.recover();
                write();
                assertThat(target.dump()).as("request %s, %s", number, how).isEqualTo(whole);
            }
        }
    }

    @Test
    void importThatIsCutTwiceIsFinishedByTheThird() throws IOException {
        try (VaultServer source = VaultServer.start()) {
            fill(source);
            export = export(settings(source.address(), dir, 0, "secret/veloz/rotated", "secret/veloz/gone"));
        }
        write();
        String whole = target.dump();
        int requests = target.requests().size();
        int firstWrite = firstWrite();
        for (int first = firstWrite; first <= requests; first += 2 * Cuts.step()) {
            for (int second = firstWrite - 1; second <= requests; second += 3) {
                target.close();
                target = emptyServer();
                target.failFrom(first, VaultServer.Failure.ERROR_AFTER);
                assertThatThrownBy(this::write).isInstanceOf(IOException.class);
                target.recover();
                target.failFrom(second, VaultServer.Failure.ERROR_AFTER);
                try {
                    write();
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("after 1 attempts");
                }
                target.recover();
                write();
                assertThat(target.dump())
                        .as("requests %s and %s", first, second)
                        .isEqualTo(whole);
            }
        }
    }

    @Test
    void oneLostAnswerOfAnyRequestIsNoFailure() throws IOException {
        write();
        String whole = target.dump();
        int requests = target.requests().size();
        for (int number = firstWrite() - 3; number <= requests; number++) {
            target.close();
            target = emptyServer();
            target.failOnce(number, VaultServer.Failure.ERROR_AFTER);
            anImport(VaultSamples.THREE_TIMES).write(in(export));
            assertThat(target.dump()).as("request %s", number).isEqualTo(whole);
        }
    }

    @Test
    void markedPathWithForeignContentIsADifference() throws IOException {
        target.failFrom(numberOfFirstWrite("veloz/api") + 3, VaultServer.Failure.ERROR_AFTER);
        assertThatThrownBy(this::write).isInstanceOf(IOException.class);
        target.recover();
        assertThat(target.dump()).contains("unfinished");
        target.send("POST", "secret/data/veloz/api", "{\"data\":{\"foreign\":\"1\"},\"options\":{\"cas\":3}}");
        assertRefused(Reason.VAULT_DIFFERS, "secret/veloz/api (");
    }

    /** Returns the number of the first request that writes, of those that the target received. */
    private int firstWrite() {
        int number = 1;
        for (VaultServer.Request request : target.requests()) {
            if (request.method().equals("POST")) {
                return number;
            }
            number++;
        }
        throw new AssertionError("no request wrote");
    }

    private int numberOfFirstWrite(String path) throws IOException {
        try (VaultServer scratch = emptyServer()) {
            new VaultImport(settings(scratch.address(), dir, 0, "secret"), ONCE).write(in(export));
            int number = 1;
            for (VaultServer.Request request : scratch.requests()) {
                if (request.method().equals("POST") && request.rawPath().endsWith("/data/" + path)) {
                    return number;
                }
                number++;
            }
        }
        throw new IllegalStateException("no write of " + path);
    }
}
