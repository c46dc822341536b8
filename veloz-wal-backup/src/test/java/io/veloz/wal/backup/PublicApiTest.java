package io.veloz.wal.backup;

import io.veloz.wal.architecture.AcceptedApi;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class PublicApiTest {
    @Test
    void publicApiIsTheAcceptedOne() throws IOException {
        AcceptedApi.assertAccepted(Backup.class);
    }
}
