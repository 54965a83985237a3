// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.scenarios.trial.Claim;
import org.junit.jupiter.api.Test;

/** docs/scenarios.md names every claim, once, in the words in which the lab tells it. */
class ScenariosDocumentTest {

    @Test
    void everyClaimHasItsRow() throws IOException {
        Path file = PlainBench.root().resolve("docs/scenarios.md");
        List<String> rows = Files.readAllLines(file).stream()
                .filter(line -> line.matches("[|] S\\d-.*")).toList();
        Map<String, Claim> claims = ClaimBook.claims();
        assertThat(claims).hasSize(71);
        assertThat(rows.stream().map(row -> row.split(" [|] ")[0].substring(2))
                .collect(Collectors.toList())).containsExactlyElementsOf(claims.keySet());
        assertThat(rows).allSatisfy(row -> assertThat(row.split(" [|] ")[1])
                .isEqualTo(claims.get(row.split(" [|] ")[0].substring(2)).claim()));
    }
}
