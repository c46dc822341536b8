@NullMarked
package io.veloz.wal.architecture;

import org.jspecify.annotations.NullMarked;
