// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import kdump.lab.api.command.CommandHelp;
import kdump.lab.qtest.options.MachineOptions;
import org.junit.jupiter.api.Test;

/** What people are told of the command is so. */
class QtestCommandTest {

    private final QtestCommand command = new QtestCommand(null);

    @Test
    void examplesAreLinesThatItTakes() {
        assertThat(command.examples()).isNotEmpty().allSatisfy(line -> {
            List<String> words = Arrays.asList(line.split(" "));
            assertThat(words).startsWith("qtest", "--");
            assertThatCode(() -> MachineOptions.parse(words.subList(2, words.size()),
                    Path.of("."))).doesNotThrowAnyException();
        });
    }

    @Test
    void optionsAreThoseThatTheGuideHasToo() throws Exception {
        String guide = Files.readString(
                Path.of(System.getProperty("lab.root"), "docs/qtest.md"));
        assertThat(command.options()).extracting(CommandHelp.Option::name).isNotEmpty()
                .allSatisfy(name -> assertThat(guide).contains("`" + name));
    }
}
