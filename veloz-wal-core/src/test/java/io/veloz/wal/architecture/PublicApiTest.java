package io.veloz.wal.architecture;

import io.veloz.wal.Wal;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class PublicApiTest {
    @Test
    void publicApiIsTheAcceptedOne() throws IOException {
        AcceptedApi.assertAccepted(Wal.class);
    }
}
