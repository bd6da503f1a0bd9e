# Reads changed paths, each with a zero byte at its end; prints those that lie under protected ones, each as a line.
#   perl protected-paths.pl [COMMIT...] <PATHS
# AGENT_PROTECTED_PATHS has the protected paths, one a line: * and ? match within a name, ** any folders, and a folder
# stands for all in it. Paths are compared as file systems could take them for equal: without case, in one Unicode form,
# without what nobody sees. A file, link or submodule in the place of a folder that leads to a protected path is one too,
# and so is what a protected link of a COMMIT points to.
use v5.16;
use strict;
use warnings;
use Encode ();
use Unicode::Normalize qw(NFKC);

sub folded {
    my ($bytes) = @_;
    my $text = eval { Encode::decode('UTF-8', $bytes, Encode::FB_CROAK | Encode::LEAVE_SRC) } // Encode::decode('latin1', $bytes);
    $text =~ tr{\\}{/};
    $text = NFKC(fc NFKC($text));
    $text =~ s/\p{Default_Ignorable_Code_Point}//g;
    return grep { $_ ne '' && $_ ne '.' } map { s/[. ]+\z//r } split m{/}, $text;
}

# A name of `*` and `?`; only the names themselves are taken literally.
sub expression {
    my ($name) = @_;
    return join '', map { $_ eq '*' ? '[^/]*' : $_ eq '?' ? '[^/]' : quotemeta } split /([*?])/, $name;
}

# Two for each protected path: what lies under it, and what takes the place of a folder on the way to it.
my (@under, @above);

sub protect {
    my @names = @_;
    pop @names while @names && $names[-1] eq '**';
    my ($whole, $way, @ways) = ('', '');
    for my $at (0 .. $#names) {
        if ($names[$at] eq '**') { $whole .= '(?:[^/]+/)*'; undef $way; next }
        my $name = expression($names[$at]);
        $whole .= $name . ($at < $#names ? '/' : '');
        next unless defined $way;
        $way .= ($at > 0 ? '/' : '') . $name;
        push @ways, $way if $at < $#names;
    }
    push @under, qr{\A$whole(?:/|\z)}s;
    push @above, map { qr{\A$_\z}s } @ways;
}

sub is_protected {
    my ($bytes) = @_;
    my $path = join '/', folded($bytes);
    for my $pattern (@under, @above) { return 1 if $path =~ $pattern }
    return 0;
}

# Where a link points to, as names from the top of the tree; nothing if that is outside.
sub target_of {
    my ($link, $target) = @_;
    return if $target =~ m{\A/};
    my @names = split m{/}, $link;
    pop @names;
    for my $name (split m{/}, $target) {
        next if $name eq '' || $name eq '.';
        if ($name ne '..') { push @names, $name; next }
        return unless @names;
        pop @names;
    }
    return join '/', @names;
}

sub output_of {
    open(my $git, '-|', 'git', @_) or die "git: $!\n";
    local $/;
    my $output = <$git> // '';
    close $git or die "git @_ failed\n";
    return $output;
}

protect(folded($_)) for split /\n/, $ENV{AGENT_PROTECTED_PATHS} // '';
if (@ARGV && @under) {
    my (%commits, %links);
    for my $commit (grep { !$commits{$_}++ } @ARGV) {
        my @entries = split /\0/, output_of('ls-tree', '-r', '-z', '--full-tree', $commit);
        $links{$_} = /\A120000 blob ([0-9a-f]+)\t(.*)\z/s && [$1, $2] for grep { /\A120000 / } @entries;
    }
    my @links = values %links;
    my $found = 1;
    while ($found) {
        $found = 0;
        my @others;
        for my $link (@links) {
            my ($id, $path) = @$link;
            if (!is_protected($path)) { push @others, $link; next }
            my $target = target_of($path, output_of('cat-file', 'blob', $id));
            next unless defined $target && $target ne '';
            my @names = folded($target);
            # Its names are no patterns.
            my $whole = join '/', map { quotemeta } @names;
            push @under, qr{\A$whole(?:/|\z)}s;
            push @above, map { my $way = join '/', map { quotemeta } @names[0 .. $_]; qr{\A$way\z}s } 0 .. $#names - 1;
            $found = 1;
        }
        @links = @others;
    }
}
my %seen;
local $/ = "\0";
while (defined(my $path = <STDIN>)) {
    chomp $path;
    next if $path eq '' || $seen{$path}++ || !is_protected($path);
    $path =~ tr/\n/?/;
    print "$path\n";
}
