package io.veloz.wal.backup.internal.vault;

import static io.veloz.wal.backup.internal.vault.VaultSamples.MARKER;
import static io.veloz.wal.backup.internal.vault.VaultSamples.ONCE;
import static io.veloz.wal.backup.internal.vault.VaultSamples.emptyServer;
import static io.veloz.wal.backup.internal.vault.VaultSamples.export;
import static io.veloz.wal.backup.internal.vault.VaultSamples.fill;
import static io.veloz.wal.backup.internal.vault.VaultSamples.in;
import static io.veloz.wal.backup.internal.vault.VaultSamples.settings;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client that we did not write agrees with the test server, before an export and after an import. */
class VaultHvacTest {
    private static final String SCRIPT = """
            import hvac, sys
            client = hvac.Client(url=sys.argv[1], token=sys.argv[2])
            kv2 = client.secrets.kv.v2
            print(sorted(kv2.list_secrets(path='veloz')['data']['keys']))
            print(str(sorted(kv2.list_secrets(path='veloz/odd')['data']['keys'], key=lambda name: name.encode('utf-8')))[1:-1])
            for version in (1, 4):
                answer = kv2.read_secret_version(path='veloz/api', version=version)
                print(version, answer['data']['data'], answer['data']['metadata']['destroyed'])
            for version in (2, 3):
                try:
                    kv2.read_secret_version(path='veloz/api', version=version)
                    print(version, 'found')
                except hvac.exceptions.InvalidPath:
                    print(version, 'not found')
            metadata = kv2.read_secret_metadata(path='veloz/api')['data']
            print(metadata['current_version'], metadata['max_versions'], metadata['cas_required'])
            print(metadata['delete_version_after'], metadata['custom_metadata'])
            print([metadata['versions'][n]['destroyed'] for n in sorted(metadata['versions'])])
            print(client.secrets.kv.v1.read_secret(path='team/key', mount_point='old')['data'])
            try:
                kv2.create_or_update_secret(path='veloz/api', secret={'x': '1'}, cas=1)
                print('written')
            except hvac.exceptions.InvalidRequest:
                print('refused')
            """;

    @TempDir
    Path dir;

    private String hvac(VaultServer server) throws IOException, InterruptedException {
        return run(List.of("/usr/bin/python3", "-c", SCRIPT, server.address().toString(), VaultServer.TOKEN));
    }

    private String run(List<String> command) throws IOException, InterruptedException {
        Path output = dir.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("PYTHONIOENCODING", "utf-8");
        Process process = builder.start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        return Files.readString(output) + "exit " + process.waitFor();
    }

    private void assumeHvac() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "install python3 and python3-hvac");
        Assumptions.assumeTrue(
                run(List.of("/usr/bin/python3", "-c", "import hvac")).equals("exit 0"), "install python3-hvac");
    }

    @Test
    void foreignClientReadsTheSameBeforeAnExportAndAfterAnImport() throws IOException, InterruptedException {
        assumeHvac();
        byte[] export;
        String before;
        try (VaultServer source = VaultServer.start()) {
            fill(source);
            before = hvac(source);
            export = export(settings(source.address(), dir, 0, "secret/veloz", "old"));
        }
        assertThat(before)
                .contains("['api', 'api/', 'gone', 'odd/', 'planned', 'rotated']")
                .contains("'größe €', 'ha#sh', 'per%cent%41', 'plus+', 'quest?ion', 'semi;co:l@n=&', 'with blank'")
                .contains("'password': '" + MARKER + "'")
                .contains(
                        "2 not found\n3 not found\n4 7 True\n3h25m19s {'owner': 'desk'}\n[False, True, False, False]\n")
                .endsWith("refused\nexit 0");
        try (VaultServer target = emptyServer()) {
            new VaultImport(settings(target.address(), dir, 0, "secret", "old"), ONCE).write(in(export));
            assertThat(hvac(target)).isEqualTo(before);
        }
    }
}
