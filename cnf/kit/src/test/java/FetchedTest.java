// SPDX-License-Identifier: Apache-2.0

import org.junit.jupiter.api.Test;

/** Has Surefire fetch what runs tests. */
class FetchedTest {

    @Test
    void isRun() { }
}
