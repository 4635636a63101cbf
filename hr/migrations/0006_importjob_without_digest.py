from django.db import migrations


class Migration(migrations.Migration):
    """The preview is its rows; nothing ever filled or read a digest of them."""

    dependencies = [
        ('hr', '0005_history_indexes'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='importjob',
            name='digest',
        ),
    ]
