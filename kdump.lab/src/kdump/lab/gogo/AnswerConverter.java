// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import kdump.lab.api.command.CommandLineInterface;
import org.apache.felix.service.command.Converter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Shows answers that somebody kept in a variable as their command prints them. Thread-safe. */
@Component(property = Converter.CONVERTER_CLASSES + "=java.lang.Object")
public final class AnswerConverter implements Converter {

    private final CommandLineInterface commands;

    /** Takes the commands, which know their answers. */
    @Activate
    public AnswerConverter(@Reference CommandLineInterface commands) {
        this.commands = commands;
    }

    @Override
    public Object convert(Class<?> desired, Object in) {
        return null;
    }

    /** Of one element of a list its record says enough. */
    @Override
    public CharSequence format(Object target, int level, Converter escape) {
        String text = level == INSPECT ? commands.text(target) : null;
        return text == null ? null : text.stripTrailing();
    }
}
